#include <gtest/gtest.h>

#include <set>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, job_indexed,
                  {.requirement = "Each pod of an Indexed Job MUST have an index of its own, told by annotation, environment and hostname, and the Job MUST complete when every index has.",
                   .covers = {"Ensure Pods of an Indexed Job get a unique index."},
                   .needs = {"image", "resource:batch/v1/jobs", "version>=1.24"}}) {
  using namespace plumb::harness;
  const std::string key = "batch.kubernetes.io/job-completion-index";
  c.apply("indexed");
  const Json job = c.await(c.in("batch/v1", "jobs"), "indexed", "it to complete",
                           [](const Json* object) { return object != nullptr && has_condition(*object, "Complete"); }, timeouts::pod_runs);
  EXPECT_EQ(int_at(job, "/status/succeeded"), 4);
  EXPECT_EQ(text_at(job, "/status/completedIndexes"), "0-3");
  std::set<std::string> indexes;
  const Json pods = c.must(c.client().list(c.pods(), {{"labelSelector", "job-name=indexed"}}));
  for (const Json& pod : pods["items"]) {
    const std::string index = at(pod, "/metadata/annotations", Json::object()).value(key, "");
    indexes.insert(index);
    EXPECT_EQ(c.logs(name_of(pod)), index + "\n") << name_of(pod);
    EXPECT_EQ(text_at(pod, "/spec/hostname"), "indexed-" + index);
    EXPECT_EQ(name_of(pod).rfind("indexed-" + index + "-", 0), 0u) << name_of(pod);
  }
  EXPECT_EQ(indexes, (std::set<std::string>{"0", "1", "2", "3"}));
  EXPECT_EQ(pods["items"].size(), 4u);
}
