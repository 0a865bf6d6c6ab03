#include <gtest/gtest.h>

#include "conformance/autoscaling/autoscaler_of.h"

PLUMB_CONFORMANCE(autoscaling, behavior,
                  {.requirement = "An autoscaler MUST keep to its behaviour: no more pods per period than a policy allows, none in a direction that is switched off, none before the "
                                  "stabilization window has passed; and MUST say so in its conditions.",
                   .needs = {"image", "metrics", "resource:autoscaling/v2/horizontalpodautoscalers", "resource:apps/v1/deployments"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  for (const char* name : {"free", "slow", "held", "off"}) work(c, name, 100, 90);
  c.step("more replicas where nothing holds them back");
  await_replicas(c, "free", 3, 4);
  await_replicas(c, "slow", 2, 2);
  EXPECT_EQ(state_of(await_state(c, "slow", "ScalingLimited", "True ScaleUpLimit"), "AbleToScale").substr(0, 4), "True");
  await_state(c, "off", "ScalingLimited", "True ScaleUpLimit");
  await_state(c, "held", "AbleToScale", "True ScaleUpStabilized");
  EXPECT_EQ(replicas_of(c, "off"), 1);
  EXPECT_EQ(replicas_of(c, "held"), 1);
  EXPECT_EQ(replicas_of(c, "slow"), 2);

  c.step("fewer replicas once the load is over");
  await_replicas(c, "slow", 1, 1);
  EXPECT_GE(replicas_of(c, "free"), 3) << "where fewer are switched off";
  await_state(c, "free", "ScalingLimited", "True ScaleDownLimit");
}
