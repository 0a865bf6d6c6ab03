#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, job_status,
                  {.requirement = "The status of a running Job MUST be patched, replaced and read through its subresource.",
                   .covers = {"Jobs, apply changes to status"},
                   .needs = {"controllers", "resource:batch/v1/jobs"}}) {
  using namespace plumb::harness;
  const Resource jobs = c.in("batch/v1", "jobs");
  c.apply("watched");
  c.await(jobs, "watched", "its pod", [](const Json* job) { return job != nullptr && int_at(*job, "/status/active") == 1; });
  const auto note = [](const std::string& type) { return Json{{"type", type}, {"status", "True"}}; };
  const Json patched = c.must(c.client().patch(
      jobs, "watched", PatchKind::merge, {{"metadata", {{"annotations", {{"patched", "true"}}}}}, {"status", {{"conditions", {note("Patched")}}}}}, "status"));
  EXPECT_EQ(text_at(patched, "/metadata/annotations/patched"), "true");
  EXPECT_TRUE(has_condition(patched, "Patched"));
  c.eventually("the status to be replaced", [&] {
    Json job = c.must(c.client().get(jobs, "watched", "status"));
    job["status"]["conditions"].push_back(note("Replaced"));
    const auto replaced = c.client().update(jobs, job, "status");
    if (!replaced.ok()) c.refused(replaced, 409, "Conflict");  // the controller came first
    return replaced.ok();
  });
  const Json read = c.must(c.client().get(jobs, "watched", "status"));
  EXPECT_TRUE(has_condition(read, "Patched"));
  EXPECT_TRUE(has_condition(read, "Replaced"));
  EXPECT_EQ(int_at(read, "/status/active"), 1) << "what the controller had written stays";
}
