#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, job_success_policy,
                  {.requirement = "A Job that meets a rule of its success policy MUST get SuccessCriteriaMet with reason SuccessPolicy and then Complete, though indexes may be pending.",
                   .covers = {"Ensure that job with successPolicy succeeded when all indexes succeeded",
                              "Ensure that job with successPolicy succeededCount rule succeeded even when some indexes remain pending",
                              "Ensure that job with successPolicy succeededIndexes rule succeeded even when some indexes remain pending"},
                   .needs = {"image", "resource:batch/v1/jobs", "version>=1.31"}}) {
  using namespace plumb::harness;
  const Resource jobs = c.in("batch/v1", "jobs");
  // Each pod sleeps for its index times ten to the exponent: index 0 ends at once.
  const std::map<std::string, std::map<std::string, std::string>> rules = {
      {"all", {{"rule", "succeededIndexes: 0-2"}, {"exponent", "e-9"}}},
      {"count", {{"rule", "succeededCount: 1"}, {"exponent", "e9"}}},
      {"indexes", {{"rule", "succeededIndexes: \"0\""}, {"exponent", "e9"}}},
  };
  for (const auto& [name, values] : rules) {
    Json job = c.object("ruled", values);
    job["metadata"]["name"] = name;
    c.create(job);
  }
  for (const auto& [name, values] : rules) {
    const Json job = c.await(jobs, name, "it to complete", [](const Json* object) { return object != nullptr && has_condition(*object, "Complete"); },
                             timeouts::pod_runs + timeouts::pod_gone);
    EXPECT_TRUE(has_condition(job, "SuccessCriteriaMet")) << name;
    for (const Json& condition : at(job, "/status/conditions", Json::array())) EXPECT_EQ(text_at(condition, "/reason"), "SuccessPolicy") << name;
    EXPECT_EQ(text_at(job, "/status/completedIndexes"), name == "all" ? "0-2" : "0") << name;
    EXPECT_EQ(int_at(job, "/status/active"), 0) << name;
  }
}
