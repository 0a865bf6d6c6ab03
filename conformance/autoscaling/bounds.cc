#include <gtest/gtest.h>

#include "conformance/autoscaling/autoscaler_of.h"

PLUMB_CONFORMANCE(autoscaling, bounds,
                  {.requirement = "An autoscaler MUST bring a workload within its minimum and maximum without asking for metrics, and MUST leave one alone that somebody has set to zero.",
                   .needs = {"controllers", "resource:autoscaling/v2/horizontalpodautoscalers", "resource:apps/v1/deployments"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  await_replicas(c, "above", 3, 3, timeouts::object_changes * 2);
  await_replicas(c, "below", 3, 3, timeouts::object_changes * 2);
  await_state(c, "none", "ScalingActive", "False ScalingDisabled", timeouts::object_changes * 2);
  EXPECT_EQ(replicas_of(c, "none"), 0);
  const Json above = c.await(autoscalers(c), "above", "the change in the status", [](const Json* object) { return object && int_at(*object, "/status/desiredReplicas") == 3; });
  EXPECT_FALSE(text_at(above, "/status/lastScaleTime").empty()) << above.dump();
  c.eventually("an event of the change", [&] { return has_event(c, "above", "SuccessfulRescale"); });
}
