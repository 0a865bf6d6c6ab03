#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, job_restart,
                  {.requirement = "A Job with restartPolicy OnFailure MUST complete after its tasks have failed and been restarted in their pods.",
                   .covers = {"Jobs, completion after task failure"},
                   .needs = {"image", "resource:batch/v1/jobs"}}) {
  using namespace plumb::harness;
  const Resource maps = c.in("v1", "configmaps");
  c.apply("outcome");
  c.apply("restarted");
  c.await_all(c.pods(), {{"labelSelector", "job-name=restarted"}}, "both tasks to have failed once", [](const Cluster::Objects& pods) {
    std::size_t failed = 0;
    for (const auto& [name, pod] : pods) failed += int_at(pod, "/status/containerStatuses/0/restartCount") > 0;
    return failed == 2;
  }, timeouts::pod_runs);
  c.must(c.client().patch(maps, "outcome", PatchKind::merge, {{"data", {{"code", "0"}}}}));
  const Json job = c.await(c.in("batch/v1", "jobs"), "restarted", "it to complete",
                           [](const Json* object) { return object != nullptr && has_condition(*object, "Complete"); }, timeouts::pod_runs);
  EXPECT_EQ(int_at(job, "/status/succeeded"), 2);
  EXPECT_EQ(c.must(c.client().list(c.pods(), {{"labelSelector", "job-name=restarted"}}))["items"].size(), 2u) << "restarted in place, not replaced";
}
