#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, active_deadline,
                  {.requirement = "A pod that runs MUST fail with reason DeadlineExceeded, its containers ended, once the activeDeadlineSeconds that an update has given it have passed.",
                   .covers = {"Pods, ActiveDeadlineSeconds"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  c.await_ready("runs");
  c.must(c.client().patch(c.pods(), "runs", PatchKind::merge, {{"spec", {{"activeDeadlineSeconds", 1}}}}));
  const Json pod = c.await_end("runs", "Failed");
  EXPECT_EQ(text_at(pod, "/status/reason"), "DeadlineExceeded");
  c.await(c.pods(), "runs", "its container to be ended", [](const Json* object) { return object != nullptr && container_is(*object, "main", "terminated"); }, timeouts::pod_gone);
  c.refused(c.client().patch(c.pods(), "runs", PatchKind::merge, {{"spec", {{"activeDeadlineSeconds", 5}}}}), 422, "Invalid");
}
