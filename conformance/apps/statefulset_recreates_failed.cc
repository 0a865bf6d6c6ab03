#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, statefulset_recreates_failed,
                  {.requirement = "A pod of a StatefulSet that has failed for good, as one that its node rejects or evicts, MUST be deleted and made again under its name.",
                   .covers = {"StatefulSet, Recreate Failed Pod"},
                   .needs = {"image", "resource:apps/v1/statefulsets"}}) {
  using namespace plumb::harness;
  c.apply("kept");
  const Json first = c.await_ready("kept-0");
  c.must(c.client().patch(c.pods(), "kept-0", PatchKind::merge, {{"status", {{"phase", "Failed"}, {"reason", "Evicted"}}}}, "status"));
  const Json second = c.await(c.pods(), "kept-0", "a new pod to be ready", [&](const Json* pod) {
    return pod != nullptr && text_at(*pod, "/metadata/uid") != text_at(first, "/metadata/uid") && has_condition(*pod, "Ready");
  }, timeouts::rollout);
  EXPECT_EQ(text_at(second, "/spec/hostname"), "kept-0");
  EXPECT_EQ(text_at(second, "/metadata/labels/statefulset.kubernetes.io~1pod-name"), "kept-0");
}
