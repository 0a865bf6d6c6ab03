#include <gtest/gtest.h>

#include "conformance/autoscaling/autoscaler_of.h"

PLUMB_CONFORMANCE(autoscaling, cpu_scaling,
                  {.requirement = "A workload whose pods, or whose container that the metric names, use more CPU than its autoscaler's target MUST get more replicas up to the maximum, "
                                  "and fewer down to the minimum once they use less; the status MUST tell what was measured.",
                   .needs = {"image", "metrics", "resource:autoscaling/v2/horizontalpodautoscalers", "resource:apps/v1/deployments"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  for (const char* name : {"busy", "mixed"}) work(c, name, 150, 75);
  for (const char* name : {"busy", "mixed"}) {
    c.step(std::string("more replicas of ") + name);
    await_replicas(c, name, 3, 3);
    // It was at its maximum before its load was over.
    const Json told = c.await(autoscalers(c), name, "a count that has settled", [](const Json* object) { return object && int_at(*object, "/status/currentReplicas") >= 2; });
    EXPECT_TRUE(has_condition(told, "AbleToScale")) << told.dump();
    EXPECT_TRUE(has_condition(told, "ScalingActive")) << told.dump();
    EXPECT_FALSE(text_at(told, "/status/lastScaleTime").empty()) << told.dump();
  }
  const Json busy = c.must(c.client().get(autoscalers(c), "busy"));
  EXPECT_EQ(text_at(busy, "/status/currentMetrics/0/resource/name"), "cpu") << busy.dump();
  EXPECT_GT(int_at(busy, "/status/currentMetrics/0/resource/current/averageUtilization"), 0) << busy.dump();
  const Json mixed = c.must(c.client().get(autoscalers(c), "mixed"));
  EXPECT_EQ(text_at(mixed, "/status/currentMetrics/0/containerResource/container"), "main") << mixed.dump();
  c.eventually("an event of the change", [&] { return has_event(c, "busy", "SuccessfulRescale"); });
  for (const char* name : {"busy", "mixed"}) {
    c.step(std::string("fewer replicas of ") + name);
    await_replicas(c, name, 1, 1);
  }
  c.await(autoscalers(c), "busy", "one replica in the status", [](const Json* object) { return object && int_at(*object, "/status/currentReplicas") == 1; });
}
