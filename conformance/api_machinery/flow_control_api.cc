#include <gtest/gtest.h>

#include "conformance/api_operations.h"

PLUMB_CONFORMANCE(api_machinery, flow_control_api,
                  {.requirement = "FlowSchemas and PriorityLevelConfigurations of flowcontrol.apiserver.k8s.io/v1 MUST be found by discovery and MUST follow every verb, "
                                  "with their status apart.",
                   .covers = {"Priority and Fairness FlowSchema API", "Priority and Fairness PriorityLevelConfiguration API"},
                   .needs = {"resource:flowcontrol.apiserver.k8s.io/v1/flowschemas", "resource:flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations"}}) {
  using namespace plumb::harness;
  const std::string group = "flowcontrol.apiserver.k8s.io";
  const auto three = [&](const std::string& kind, const std::function<Json(int)>& spec) {
    std::vector<Json> out;
    for (int i = 0; i < 3; ++i)
      out.push_back({{"apiVersion", group + "/v1"}, {"kind", kind}, {"metadata", {{"name", c.unique(std::to_string(i))}}}, {"spec", spec(i)}});
    return out;
  };
  const Json condition{{"type", "Tested"}, {"status", "False"}, {"reason", "Patched"}, {"message", "by a test"}, {"lastTransitionTime", "2020-01-01T00:00:00Z"}};
  const Json status{{"status", {{"conditions", {condition}}}}};
  // No request is of these: the user is nobody, and the schemas come last.
  const Json rule{{"subjects", {{{"kind", "User"}, {"user", {{"name", c.unique("nobody")}}}}}},
                  {"nonResourceRules", {{{"verbs", {"get"}}, {"nonResourceURLs", {"/" + c.space()}}}}}};
  expect_api_operations(c, {group, "v1", "prioritylevelconfigurations", three("PriorityLevelConfiguration", [](int i) -> Json {
                              return {{"type", "Limited"}, {"limited", {{"nominalConcurrencyShares", i + 1}, {"limitResponse", {{"type", "Reject"}}}}}};
                            }), status, "/status/conditions/0/reason"});
  expect_api_operations(c, {group, "v1", "flowschemas", three("FlowSchema", [&](int i) -> Json {
                              return {{"matchingPrecedence", 9990 + i}, {"priorityLevelConfiguration", {{"name", c.unique("none")}}}, {"rules", {rule}}};
                            }), status, "/status/conditions/0/reason"});
}
