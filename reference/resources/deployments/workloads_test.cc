#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

std::string deployment(std::string_view rest, std::string_view label = "x") {
  return R"({"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"app":")" + std::string(label) +
         R"("}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"a","image":"i"}]}})" + std::string(rest) + "}}";
}

TEST(Deployments, Causes) {
  const std::vector<std::pair<std::string, Lines>> table = {
      {deployment(""), {}},
      {deployment(R"(,"replicas":-1)"), {"spec.replicas: Invalid value: -1: must be greater than or equal to 0"}},
      {deployment("", "y"), {R"(spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`)"}},
      {deployment(R"(,"strategy":{"rollingUpdate":{"maxUnavailable":0,"maxSurge":"0%"}})"),
       {"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"}},
      {deployment(R"(,"strategy":{"type":"Recreate","rollingUpdate":{}})"),
       {"spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"}},
      {deployment(R"(,"minReadySeconds":600)"), {"spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"}},
      {R"({"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"a","image":"i"}]}}}})",
       {"spec.selector: Required value", R"(spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always")"}},
  };
  for (const auto& [json, expected] : table) EXPECT_EQ(causes("deployments.apps", json), expected) << json;
}

TEST(Deployments, SelectorIsImmutable) {
  EXPECT_EQ(update_causes("deployments.apps", deployment(""), deployment("", "y")),
            Lines{R"(spec.selector: Invalid value: {"matchLabels":{"app":"y"}}: field is immutable)"});
}

TEST(Deployments, ScaleAndRow) {
  const auto made = object("deployments.apps", deployment(R"(,"replicas":3)"));
  const Resource& deployments = resource("deployments.apps");
  EXPECT_EQ(deployments.scale(*made).selector, "app=x");
  deployments.set_scale(*made, 5);
  EXPECT_EQ(deployments.scale(*made).spec_replicas, 5);
  EXPECT_EQ(cells("deployments.apps", deployment(R"(,"replicas":3)"), time("2024-01-01T00:00:00Z")),
            (Lines{"d", "0/3", "0", "0", "<unknown>", "a", "i", "app=x"}));
}

TEST(ReplicationControllers, TakeSelectorAndLabelsOfTheirTemplate) {
  expect_defaults("replicationcontrollers", R"({"spec":{"template":{"metadata":{"labels":{"a":"b"}}}}})",
                  {{"/spec/replicas", "1"}, {"/spec/selector", R"({"a":"b"})"}, {"/metadata/labels", R"({"a":"b"})"}});
  EXPECT_TRUE(resource("replicationcontrollers").orphans_by_default());
}

}  // namespace
}  // namespace plumb::resources::testing
