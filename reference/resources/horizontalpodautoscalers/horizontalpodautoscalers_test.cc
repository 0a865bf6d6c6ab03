#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

constexpr const char* name = "horizontalpodautoscalers.autoscaling";

std::string autoscaler(const std::string& rest) {
  return R"({"spec":{"maxReplicas":3,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"d"},)" + rest + "}}";
}
std::string metric(const std::string& text) { return autoscaler("\"metrics\":[" + text + "]"); }
std::string rules(const std::string& text) { return autoscaler("\"behavior\":{\"scaleUp\":" + text + "}"); }

TEST(HorizontalPodAutoscalers, Defaults) {
  expect_defaults(name, R"({"spec":{"maxReplicas":3}})",
                  {{"/spec/minReplicas", "1"},
                   {"/spec/metrics", R"([{"resource":{"name":"cpu","target":{"averageUtilization":80,"type":"Utilization"}},"type":"Resource"}])"},
                   {"/spec/behavior", ""}});
  expect_defaults(name, R"({"spec":{"maxReplicas":3,"behavior":{"scaleDown":{"policies":[{"type":"Pods","value":1,"periodSeconds":2}]}}}})",
                  {{"/spec/behavior/scaleUp/stabilizationWindowSeconds", "0"},
                   {"/spec/behavior/scaleUp/policies", R"([{"periodSeconds":15,"type":"Pods","value":4},{"periodSeconds":15,"type":"Percent","value":100}])"},
                   {"/spec/behavior/scaleDown/selectPolicy", R"("Max")"},
                   {"/spec/behavior/scaleDown/stabilizationWindowSeconds", ""},
                   {"/spec/behavior/scaleDown/policies/0/value", "1"}});
}

struct Case {
  std::string object;
  Lines causes;
};

void expect_causes(const std::vector<Case>& cases) {
  for (const Case& each : cases) EXPECT_EQ(causes(name, each.object), each.causes) << each.object;
}

TEST(HorizontalPodAutoscalers, RulesOfCounts) {
  expect_causes({
      {R"({"spec":{"minReplicas":-1,"maxReplicas":0,"scaleTargetRef":{"kind":"a/b"}}})",
       {"spec.minReplicas: Invalid value: -1: must be greater than or equal to 0", "spec.maxReplicas: Invalid value: 0: must be greater than 0",
        R"(spec.scaleTargetRef.kind: Invalid value: "a/b": may not contain '/')", "spec.scaleTargetRef.name: Required value"}},
      {autoscaler(R"("minReplicas":5)"), {"spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"}},
      {autoscaler(R"("minReplicas":0)"), {"spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas"}},
      {autoscaler(R"("minReplicas":0,"metrics":[{"type":"External","external":{"metric":{"name":"m"},"target":{"type":"Value","value":"5"}}}])"), {}},
  });
}

TEST(HorizontalPodAutoscalers, RulesOfMetrics) {
  const std::string at = "spec.metrics[0].";
  expect_causes({
      {metric(R"({"type":""})"),
       {at + "type: Required value: must specify a metric source type",
        at + R"(type: Unsupported value: "": supported values: "ContainerResource", "External", "Object", "Pods", "Resource")"}},
      {metric(R"({"type":"Pods","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":1}}})"),
       {at + "pods: Required value: must populate information for the given metric source"}},
      {metric(R"({"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":1}},
                  "pods":{"metric":{"name":"m"},"target":{"type":"AverageValue","averageValue":"1"}}})"),
       {at + "pods: Forbidden: must populate the given metric source only"}},
      {metric(R"({"type":"Resource","resource":{"name":"","target":{"type":"Percent","averageUtilization":0,"averageValue":"-1"}}})"),
       {at + "resource.name: Required value: must specify a resource name",
        at + R"(resource.target.type: Invalid value: "Percent": must be either Utilization, Value, or AverageValue)",
        at + R"(resource.target.averageValue: Invalid value: "-1": must be positive)", at + "resource.target.averageUtilization: Invalid value: 0: must be greater than 0",
        at + "resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization"}},
      {metric(R"({"type":"ContainerResource","containerResource":{"name":"cpu","container":"A_b","target":{"type":"Utilization"}}})"),
       {at + "containerResource.container: Invalid value: \"A_b\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
             "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        at + "containerResource.target.averageUtilization: Required value: must set either a target raw value or a target utilization"}},
      {metric(R"({"type":"ContainerResource","containerResource":{"name":"cpu","target":{"type":"AverageValue","averageValue":"1"}}})"),
       {at + "containerResource.container: Required value: must specify a container"}},
      {metric(R"({"type":"Pods","pods":{"metric":{"name":"a/b"},"target":{"type":"AverageValue"}}})"),
       {at + R"(pods.metric.name: Invalid value: "a/b": may not contain '/')", at + "pods.target.averageValue: Required value: must specify a positive target averageValue"}},
      {metric(R"({"type":"Object","object":{"describedObject":{"kind":"Service","name":"s"},"metric":{"name":""},"target":{"type":"Value","value":"0"}}})"),
       {at + "object.metric.name: Required value: must specify a metric name", at + R"(object.target.value: Invalid value: "0": must be positive)"}},
      {metric(R"({"type":"External","external":{"metric":{"name":"m"},"target":{"type":"Value","value":"1","averageValue":"1"}}})"),
       {at + "external.target.value: Forbidden: may not set both a target value for metric and a per-pod target"}},
      {metric(R"({"type":"External","external":{"metric":{"name":"m"},"target":{"type":"Value"}}})"),
       {at + "external.target.averageValue: Required value: must set either a target value for metric or a per-pod target"}},
  });
}

TEST(HorizontalPodAutoscalers, RulesOfBehaviour) {
  const std::string at = "spec.behavior.scaleUp.";
  expect_causes({
      {rules(R"({"stabilizationWindowSeconds":-1,"selectPolicy":"Most","tolerance":"-100m","policies":[{"type":"Nodes","value":0,"periodSeconds":0},
                 {"type":"Pods","value":1,"periodSeconds":1801}]})"),
       {at + "stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero",
        at + R"(selectPolicy: Unsupported value: "Most": supported values: "Disabled", "Max", "Min")",
        at + R"(policies[0].type: Unsupported value: "Nodes": supported values: "Percent", "Pods")", at + "policies[0].value: Invalid value: 0: must be greater than zero",
        at + "policies[0].periodSeconds: Invalid value: 0: must be greater than zero",
        at + "policies[1].periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
        at + R"(tolerance: Invalid value: "-100m": must be greater than or equal to 0)"}},
      {rules(R"({"stabilizationWindowSeconds":3601})"), {at + "stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600"}},
      {rules(R"({"stabilizationWindowSeconds":3600,"tolerance":"0"})"), {}},
  });
}

TEST(HorizontalPodAutoscalers, ReferencesNameAGroup) {
  const auto with = [](const std::string& version, const std::string& kind = "Deployment") {
    return R"({"spec":{"maxReplicas":3,"scaleTargetRef":{"apiVersion":")" + version + R"(","kind":")" + kind + R"(","name":"d"}}})";
  };
  const std::string field = "spec.scaleTargetRef.apiVersion: Invalid value: ";
  EXPECT_EQ(create_causes(name, with("")), (Lines{field + R"("": apiVersion must specify API group)"}));
  EXPECT_EQ(create_causes(name, with("v1")), (Lines{field + R"("v1": apiVersion must specify API group)"}));
  EXPECT_EQ(create_causes(name, with("a/b/c")), (Lines{field + R"("a/b/c": unexpected GroupVersion string: a/b/c)"}));
  EXPECT_EQ(create_causes(name, with("", "ReplicationController")), Lines{});
  EXPECT_EQ(create_causes(name, with("apps/v1")), Lines{});
  EXPECT_EQ(update_causes(name, with("v1"), with("v1")), Lines{}) << "what was there may stay";
  EXPECT_EQ(update_causes(name, with("apps/v1"), with("v1")), (Lines{field + R"("v1": apiVersion must specify API group)"}));
  const auto described = [](const std::string& version) {
    return metric(R"({"type":"Object","object":{"describedObject":{"apiVersion":")" + version + R"(","kind":"Service","name":"s"},"metric":{"name":"m"},
                      "target":{"type":"Value","value":"1"}}})");
  };
  EXPECT_EQ(create_causes(name, described("v1")), Lines{});
  EXPECT_EQ(create_causes(name, described("a/b/c")),
            (Lines{R"(spec.metrics[0].object.describedObject.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c)"}));
  EXPECT_EQ(update_causes(name, described("a/b/c"), described("a/b/c")), Lines{});
}

TEST(HorizontalPodAutoscalers, RulesOfStatus) {
  const std::string before = autoscaler(R"("minReplicas":1)");
  EXPECT_EQ(status_causes(name, before, R"({"spec":{"maxReplicas":3},"status":{"currentReplicas":-1,"desiredReplicas":-2}})"),
            (Lines{"status.currentReplicas: Invalid value: -1: must be greater than or equal to 0",
                   "status.desiredReplicas: Invalid value: -2: must be greater than or equal to 0"}));
}

TEST(HorizontalPodAutoscalers, Columns) {
  const WallTime now = time("2024-01-01T00:05:00Z");
  EXPECT_EQ(cells(name, R"({"metadata":{"name":"a","creationTimestamp":"2024-01-01T00:00:00Z"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d"},"minReplicas":1,"maxReplicas":3,
      "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}},
                 {"type":"Pods","pods":{"metric":{"name":"m"},"target":{"type":"AverageValue","averageValue":"5"}}},
                 {"type":"External","external":{"metric":{"name":"m"},"target":{"type":"Value","value":"5"}}}]},
      "status":{"currentReplicas":2,"desiredReplicas":2,"currentMetrics":[{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":30}}}]}})", now),
            (Lines{"a", "Deployment/d", "cpu: 30%/80%, <unknown>/5 + 1 more...", "1", "3", "2", "5m"}));
}

}  // namespace
}  // namespace plumb::resources::testing
