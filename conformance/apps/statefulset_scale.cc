#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, statefulset_scale,
                  {.requirement = "The scale subresource of a StatefulSet MUST tell one replica of a set of one, and MUST, updated or patched, change how many run.",
                   .covers = {"StatefulSet resource Replica scaling"},
                   .needs = {"image", "resource:apps/v1/statefulsets"}}) {
  using namespace plumb::harness;
  const Resource sets = c.in("apps/v1", "statefulsets");
  const auto await_running = [&](std::int64_t count) {
    c.await(sets, "scaled", std::to_string(count) + " ready pods", [&](const Json* set) {
      return set != nullptr && int_at(*set, "/status/readyReplicas") == count && int_at(*set, "/status/replicas") == count;
    }, timeouts::rollout);
    const Json scale = c.must(c.client().get(sets, "scaled", "scale"));
    EXPECT_EQ(text_at(scale, "/kind"), "Scale");
    EXPECT_EQ(int_at(scale, "/spec/replicas"), count);
    EXPECT_EQ(int_at(scale, "/status/replicas"), count);
    EXPECT_EQ(text_at(scale, "/status/selector"), "app=scaled");
    return scale;
  };
  c.apply("scaled");
  Json scale = await_running(1);
  scale["spec"]["replicas"] = 2;
  EXPECT_EQ(int_at(c.must(c.client().update(sets, scale, "scale")), "/spec/replicas"), 2);
  EXPECT_EQ(int_at(c.must(c.client().get(sets, "scaled")), "/spec/replicas"), 2);
  await_running(2);
  EXPECT_EQ(int_at(c.must(c.client().patch(sets, "scaled", PatchKind::merge, {{"spec", {{"replicas", 1}}}}, "scale")), "/spec/replicas"), 1);
  await_running(1);
}
