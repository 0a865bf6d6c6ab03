#include <gtest/gtest.h>

#include <set>

#include "conformance/autoscaling/autoscaler_of.h"

PLUMB_CONFORMANCE(autoscaling, versions,
                  {.requirement = "What is written through autoscaling/v1 MUST be read through autoscaling/v2 and the other way round, and what v1 has no field for MUST survive an "
                                  "update through v1.",
                   .needs = {"resource:autoscaling/v1/horizontalpodautoscalers", "resource:autoscaling/v2/horizontalpodautoscalers"}}) {
  using namespace plumb::harness;
  const Resource v1 = autoscalers(c, "v1"), v2 = autoscalers(c, "v2");
  c.apply("old");
  const Json shown = c.must(c.client().get(v2, "old"));
  EXPECT_EQ(text_at(shown, "/apiVersion"), "autoscaling/v2");
  EXPECT_EQ(int_at(shown, "/spec/minReplicas"), 1) << "the default";
  EXPECT_EQ(text_at(shown, "/spec/metrics/0/resource/name"), "cpu") << shown.dump();
  EXPECT_EQ(int_at(shown, "/spec/metrics/0/resource/target/averageUtilization"), 70);

  c.apply("new");
  EXPECT_EQ(int_at(c.must(c.client().get(v1, "new")), "/spec/targetCPUUtilizationPercentage"), 60);
  c.eventually("an update through v1", [&] {
    Json old = c.must(c.client().get(v1, "new"));
    old["spec"]["maxReplicas"] = 8;
    return c.client().update(v1, old).ok();
  });
  const Json after = c.must(c.client().get(v2, "new"));
  EXPECT_EQ(int_at(after, "/spec/maxReplicas"), 8);
  EXPECT_EQ(int_at(after, "/spec/behavior/scaleDown/stabilizationWindowSeconds"), 60) << after.dump();
  std::set<std::string> kinds;
  for (const Json& metric : at(after, "/spec/metrics")) kinds.insert(text_at(metric, "/type"));
  EXPECT_EQ(kinds, (std::set<std::string>{"Pods", "Resource"})) << after.dump();
}
