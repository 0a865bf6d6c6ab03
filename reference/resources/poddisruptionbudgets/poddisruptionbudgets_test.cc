#include <gtest/gtest.h>

#include "reference/resources/poddisruptionbudgets/disruption_allowed.h"
#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

const std::string budgets = "poddisruptionbudgets.policy";

TEST(PodDisruptionBudgets, SpecIsACountOrAPercentageOnOneSide) {
  const auto spec = [](std::string_view text) { return causes(budgets, "{\"spec\":" + std::string(text) + "}"); };
  for (const char* good : {R"({})", R"({"minAvailable":0})", R"({"maxUnavailable":"100%","selector":{},"unhealthyPodEvictionPolicy":"AlwaysAllow"})"})
    EXPECT_EQ(spec(good), Lines{}) << good;
  EXPECT_EQ(spec(R"({"minAvailable":-1})"), Lines{"spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"});
  EXPECT_EQ(spec(R"({"maxUnavailable":"101%"})"), Lines{"spec.maxUnavailable: Invalid value: \"101%\": must not be greater than 100%"});
  EXPECT_EQ(spec(R"({"minAvailable":"5"})"),
            Lines{"spec.minAvailable: Invalid value: \"5\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or "
                  "'93%', regex used for validation is '[0-9]+%')"});
  EXPECT_EQ(spec(R"({"minAvailable":1,"maxUnavailable":1})"), Lines{"spec: Invalid value: null: minAvailable and maxUnavailable cannot be both set"});
  EXPECT_EQ(spec(R"({"selector":{"matchLabels":{"a":"-"}}})").size(), 1u);
}

TEST(PodDisruptionBudgets, StatusHasCountsAndWellFormedConditions) {
  const auto status = [](std::string_view text) { return status_causes(budgets, "{}", "{\"status\":" + std::string(text) + "}"); };
  EXPECT_EQ(status(R"({"conditions":[{"type":"A","status":"True","reason":"R","message":"","lastTransitionTime":"2024-01-01T00:00:00Z"}]})"), Lines{});
  EXPECT_EQ(status(R"({"disruptionsAllowed":-1,"currentHealthy":-1,"desiredHealthy":-1,"expectedPods":-1})"),
            (Lines{"status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0",
                   "status.currentHealthy: Invalid value: -1: must be greater than or equal to 0",
                   "status.desiredHealthy: Invalid value: -1: must be greater than or equal to 0",
                   "status.expectedPods: Invalid value: -1: must be greater than or equal to 0"}));
  EXPECT_EQ(status(R"({"conditions":[{"type":"A","status":"Maybe","observedGeneration":-1,"reason":"","message":""},
                                     {"type":"A","status":"False","reason":"R!","message":"","lastTransitionTime":"2024-01-01T00:00:00Z"}]})"),
            (Lines{"status.conditions[0].status: Unsupported value: \"Maybe\": supported values: \"False\", \"True\", \"Unknown\"",
                   "status.conditions[0].observedGeneration: Invalid value: -1: must be greater than or equal to zero",
                   "status.conditions[0].lastTransitionTime: Required value: must be set", "status.conditions[0].reason: Required value: must be set",
                   "status.conditions[1].type: Duplicate value: \"A\"",
                   "status.conditions[1].reason: Invalid value: \"R!\": a condition reason must start with alphabetic character, optionally followed by a "
                   "string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or "
                   "'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')"}));
}

TEST(PodDisruptionBudgets, TheConditionFollowsTheNumber) {
  policyv1::PodDisruptionBudget budget;
  budget.metadata.generation = budget.status.observedGeneration = 3;
  EXPECT_FALSE(tells_disruption_allowed(budget));
  set_disruption_allowed(budget.status, time("2024-01-01T00:00:00Z"));
  EXPECT_TRUE(tells_disruption_allowed(budget));
  set_disruption_allowed(budget.status, time("2024-01-01T00:01:00Z"));
  ASSERT_EQ(budget.status.conditions.size(), 1u);
  EXPECT_EQ(budget.status.conditions[0].reason, "InsufficientPods");
  EXPECT_EQ(budget.status.conditions[0].observedGeneration, 3);
  EXPECT_EQ(budget.status.conditions[0].lastTransitionTime.wall(), time("2024-01-01T00:00:00Z"));
  budget.status.disruptionsAllowed = 1;
  EXPECT_FALSE(tells_disruption_allowed(budget));
  set_disruption_allowed(budget.status, time("2024-01-01T00:02:00Z"));
  EXPECT_TRUE(tells_disruption_allowed(budget));
  EXPECT_EQ(budget.status.conditions[0].status, "True");
  EXPECT_EQ(budget.status.conditions[0].lastTransitionTime.wall(), time("2024-01-01T00:02:00Z"));
  budget.metadata.generation = 4;
  EXPECT_FALSE(tells_disruption_allowed(budget));
}

TEST(PodDisruptionBudgets, ColumnsShowBothSides) {
  const std::string json = R"({"metadata":{"name":"b","creationTimestamp":"2024-01-01T00:00:00Z"},"spec":{"maxUnavailable":"50%"},"status":{"disruptionsAllowed":2}})";
  EXPECT_EQ(cells(budgets, json, time("2024-01-01T00:01:30Z")), (Lines{"b", "N/A", "50%", "2", "90s"}));
}

}  // namespace
}  // namespace plumb::resources::testing
