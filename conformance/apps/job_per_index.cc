#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, job_per_index,
                  {.requirement = "A Job with backoffLimitPerIndex MUST run every index, try each so often and no more, and MUST stop as soon as more than maxFailedIndexes have failed.",
                   .covers = {"Ensure that all indexes are executed for an indexed job with backoffLimitPerIndex despite some failing",
                              "Terminate job execution when the maxFailedIndexes is exceeded"},
                   .needs = {"image", "resource:batch/v1/jobs", "version>=1.29"}}) {
  using namespace plumb::harness;
  const Resource jobs = c.in("batch/v1", "jobs");
  const auto await_failed = [&](const std::string& name) {
    return c.await(jobs, name, "it to fail", [](const Json* job) { return job != nullptr && has_condition(*job, "Failed"); }, timeouts::pod_runs);
  };
  c.apply("every");
  c.apply("bounded");
  // Indexes 1 to 3 fail, each with its own index as the code.
  const Json every = await_failed("every");
  EXPECT_EQ(text_at(every, "/status/completedIndexes"), "0");
  EXPECT_EQ(text_at(every, "/status/failedIndexes"), "1-3");
  EXPECT_EQ(int_at(every, "/status/succeeded"), 1);
  EXPECT_EQ(int_at(every, "/status/failed"), 6) << "two pods for each index that failed";
  EXPECT_EQ(int_at(every, "/status/active"), 0);
  // One at a time: of pods that run together any may end first, and those that still run when the Job fails may or may not have failed.
  const Json bounded = await_failed("bounded");
  EXPECT_EQ(int_at(bounded, "/status/active"), 0);
  EXPECT_EQ(text_at(bounded, "/status/completedIndexes"), "0");
  EXPECT_EQ(text_at(bounded, "/status/failedIndexes"), "1,2");
  const auto started = c.must(c.client().list(c.pods(), {{"labelSelector", "job-name=bounded"}}))["items"].size();
  EXPECT_EQ(started, 3u) << "the Job has failed with the second index that did, and tries no other";
}
