#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, job_lifecycle,
                  {.requirement = "A suspended Job MUST have no pods, and MUST be created, patched, replaced, listed over all namespaces, and deleted as a collection by its labels.",
                   .covers = {"Jobs, manage lifecycle"},
                   .needs = {"controllers", "resource:batch/v1/jobs", "version>=1.24"}}) {
  using namespace plumb::harness;
  const Resource jobs = c.in("batch/v1", "jobs");
  c.apply("suspended");
  const Json patched = c.must(c.client().patch(jobs, "suspended", PatchKind::merge, {{"metadata", {{"labels", {{"round", c.space()}}}}}}));
  EXPECT_EQ(text_at(patched, "/metadata/labels/round"), c.space());
  c.await(jobs, "suspended", "it to be marked as suspended", [](const Json* job) { return job != nullptr && has_condition(*job, "Suspended"); });
  EXPECT_TRUE(c.must(c.client().list(c.pods(), {{"labelSelector", "job-name=suspended"}}))["items"].empty());
  Json job = c.must(c.client().get(jobs, "suspended"));
  job["metadata"]["annotations"]["replaced"] = "true";
  EXPECT_EQ(text_at(c.must(c.client().update(jobs, job)), "/metadata/annotations/replaced"), "true");
  const Query ours{{"labelSelector", "round=" + c.space()}};
  const Json listed = c.must(c.client().list({"batch/v1", "jobs", ""}, ours));
  ASSERT_EQ(listed["items"].size(), 1u);
  EXPECT_EQ(name_of(listed["items"][0]), "suspended");
  c.apply("bystander");
  c.must(c.client().remove_collection(jobs, {{"labelSelector", "round=" + c.space()}, {"propagationPolicy", "Background"}}));
  c.await_gone(jobs, "suspended");
  EXPECT_TRUE(c.client().get(jobs, "bystander").ok()) << "what the selector leaves out stays";
}
