#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, job_failure_policy,
                  {.requirement = "An exit code that a Job's pod failure policy names MUST end the Job with FailJob, and MUST with FailIndex give its index up, both without another try.",
                   .covers = {"Verify Pod Failure policy allows to fail job early on exit code.",
                              "Mark indexes as failed when the FailIndex action is matched in podFailurePolicy"},
                   .needs = {"image", "resource:batch/v1/jobs", "version>=1.26"}}) {
  using namespace plumb::harness;
  const Resource jobs = c.in("batch/v1", "jobs");
  const auto await_failed = [&](const std::string& name) {
    return c.await(jobs, name, "it to fail", [](const Json* job) { return job != nullptr && has_condition(*job, "Failed"); }, timeouts::pod_runs);
  };
  const auto pods_of = [&](const std::string& name) { return c.must(c.client().list(c.pods(), {{"labelSelector", "job-name=" + name}}))["items"].size(); };
  c.apply("early");
  c.apply("index");
  const Json early = await_failed("early");
  EXPECT_EQ(int_at(early, "/status/failed"), 1);
  EXPECT_EQ(pods_of("early"), 1u);
  // The code of each pod is its index.
  const Json index = await_failed("index");
  EXPECT_EQ(text_at(index, "/status/completedIndexes"), "0");
  EXPECT_EQ(text_at(index, "/status/failedIndexes"), "1,2");
  EXPECT_EQ(int_at(index, "/status/failed"), 2) << "one pod for each index that was given up";
  EXPECT_EQ(pods_of("index"), 3u);
}
