#include <gtest/gtest.h>

#include "conformance/autoscaling/autoscaler_of.h"

PLUMB_CONFORMANCE(autoscaling, rules,
                  {.requirement = "A HorizontalPodAutoscaler MUST get its defaults, 80 % of CPU and the policies of its behaviour among them, and one that contradicts itself MUST be "
                                  "refused.",
                   .needs = {"resource:autoscaling/v2/horizontalpodautoscalers"}}) {
  using namespace plumb::harness;
  const Resource all = autoscalers(c);
  const Json good = c.apply("good");
  EXPECT_EQ(int_at(good, "/spec/minReplicas"), 1);
  EXPECT_EQ(int_at(good, "/spec/metrics/0/resource/target/averageUtilization"), 80) << good.dump();
  EXPECT_EQ(text_at(good, "/spec/behavior/scaleDown/selectPolicy"), "Max");
  EXPECT_EQ(int_at(good, "/spec/behavior/scaleUp/stabilizationWindowSeconds"), 0);
  EXPECT_EQ(at(good, "/spec/behavior/scaleUp/policies").size(), 2u) << good.dump();

  const auto refused = [&](const std::string& pointer, const Json& value, const std::string& field) {
    Json bad = c.object("good");
    bad["metadata"] = {{"name", "bad"}};
    bad[Json::json_pointer(pointer)] = value;
    const auto error = c.refused(c.client().create(all, bad), 422, "Invalid");
    EXPECT_NE(error.message.find(field), std::string::npos) << error.message;
  };
  refused("/spec/maxReplicas", 0, "spec.maxReplicas");
  refused("/spec/minReplicas", 5, "spec.maxReplicas");
  refused("/spec/minReplicas", -1, "spec.minReplicas");
  refused("/spec/scaleTargetRef/name", "", "spec.scaleTargetRef.name");
  refused("/spec/metrics", {{{"type", "Resource"}}}, "spec.metrics[0].resource");
  refused("/spec/metrics", {{{"type", "Resource"}, {"resource", {{"name", "cpu"}, {"target", {{"type", "Utilization"}, {"averageUtilization", 0}}}}}}}, "averageUtilization");
  refused("/spec/behavior/scaleDown/policies/0/periodSeconds", 1801, "periodSeconds");
  refused("/spec/behavior/scaleDown/stabilizationWindowSeconds", 3601, "stabilizationWindowSeconds");
  refused("/spec/behavior/scaleDown/selectPolicy", "Most", "selectPolicy");
}
