#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, job_disruption,
                  {.requirement = "A Job whose pod failure policy ignores disruptions MUST replace evicted pods without counting them as failures, and MUST still complete.",
                   .covers = {"Ensure pod failure policy allows to ignore failure matching on the DisruptionTarget condition"},
                   .needs = {"image", "resource:batch/v1/jobs", "version>=1.26"}}) {
  using namespace plumb::harness;
  const Resource jobs = c.in("batch/v1", "jobs");
  c.apply("patience");
  c.apply("disrupted");
  c.await(jobs, "disrupted", "a running pod of each index", [](const Json* job) { return job != nullptr && int_at(*job, "/status/ready") == 2; }, timeouts::pod_runs);
  // Pods that start from now on end by themselves.
  c.must(c.client().patch(c.in("v1", "configmaps"), "patience", PatchKind::merge, {{"data", {{"seconds", "0"}}}}));
  const Json running = c.must(c.client().list(c.pods(), {{"labelSelector", "job-name=disrupted"}}));
  ASSERT_EQ(running["items"].size(), 2u);
  for (const Json& pod : running["items"]) {
    const Json eviction = {{"apiVersion", "policy/v1"}, {"kind", "Eviction"}, {"metadata", {{"name", name_of(pod)}, {"namespace", c.space()}}}};
    c.must(c.client().create(c.pods(), eviction, {}, name_of(pod), "eviction"));
  }
  const Json job = c.await(jobs, "disrupted", "it to complete", [](const Json* object) {
    return object != nullptr && (has_condition(*object, "Complete") || has_condition(*object, "Failed"));
  }, timeouts::pod_runs);
  EXPECT_TRUE(has_condition(job, "Complete")) << at(job, "/status").dump();
  EXPECT_EQ(int_at(job, "/status/succeeded"), 2);
  EXPECT_EQ(int_at(job, "/status/failed"), 0);
}
