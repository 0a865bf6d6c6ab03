#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, job_delete,
                  {.requirement = "A Job MUST have as many active pods as its parallelism says, and, deleted, MUST go with all of them.",
                   .covers = {"Jobs, active pods, graceful termination"},
                   .needs = {"image", "resource:batch/v1/jobs", "version>=1.24"}}) {
  using namespace plumb::harness;
  const Resource jobs = c.in("batch/v1", "jobs");
  c.apply("deleted");
  c.await(jobs, "deleted", "two active, ready pods", [](const Json* job) {
    return job != nullptr && int_at(*job, "/status/active") == 2 && int_at(*job, "/status/ready") == 2;
  }, timeouts::pod_runs);
  EXPECT_EQ(c.must(c.client().list(c.pods(), {{"labelSelector", "job-name=deleted"}}))["items"].size(), 2u);
  c.must(c.client().remove(jobs, "deleted", {{"propagationPolicy", "Foreground"}}));
  c.await_gone(jobs, "deleted", timeouts::pod_gone);
  EXPECT_TRUE(c.must(c.client().list(c.pods(), {{"labelSelector", "job-name=deleted"}}))["items"].empty());
}
