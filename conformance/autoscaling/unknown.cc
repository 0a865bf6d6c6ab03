#include <gtest/gtest.h>

#include "conformance/autoscaling/autoscaler_of.h"

PLUMB_CONFORMANCE(autoscaling, unknown,
                  {.requirement = "An autoscaler MUST change nothing, and say why, when it cannot tell what to do: its target or its metrics are not there, or another autoscaler "
                                  "selects the same pods.",
                   .needs = {"controllers", "resource:autoscaling/v2/horizontalpodautoscalers", "resource:apps/v1/deployments"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  await_state(c, "astray", "AbleToScale", "False FailedGetScale", timeouts::object_changes * 2);
  const Json lonely = await_state(c, "lonely", "ScalingActive", "False FailedGetPodsMetric", timeouts::object_changes * 2);
  EXPECT_TRUE(has_condition(lonely, "AbleToScale")) << "its target is there";
  c.eventually("an event of what failed", [&] { return has_event(c, "lonely", "FailedGetPodsMetric") && has_event(c, "lonely", "FailedComputeMetricsReplicas"); });
  c.eventually("an event of the missing target", [&] { return has_event(c, "astray", "FailedGetScale"); });
  const std::string ambiguous = "False AmbiguousSelector";
  c.eventually("one of two rivals to notice the other", [&] {
    return state_of(c.must(c.client().get(autoscalers(c), "one")), "ScalingActive") == ambiguous || state_of(c.must(c.client().get(autoscalers(c), "two")), "ScalingActive") == ambiguous;
  }, timeouts::object_changes * 2);
  EXPECT_EQ(replicas_of(c, "lonely"), 2);
  EXPECT_EQ(replicas_of(c, "shared"), 2);
}
