#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

TEST(PodDefaults, OfTheSpec) {
  expect_defaults("pods", R"({"spec":{"containers":[{"name":"a","image":"nginx"}]}})",
                  {{"/spec/restartPolicy", R"("Always")"},
                   {"/spec/dnsPolicy", R"("ClusterFirst")"},
                   {"/spec/schedulerName", R"("default-scheduler")"},
                   {"/spec/terminationGracePeriodSeconds", "30"},
                   {"/spec/securityContext", "{}"},
                   {"/spec/enableServiceLinks", "true"},
                   {"/spec/containers/0/imagePullPolicy", R"("Always")"},
                   {"/spec/containers/0/terminationMessagePath", R"("/dev/termination-log")"},
                   {"/spec/containers/0/terminationMessagePolicy", R"("File")"}});
  expect_defaults("pods", R"({"spec":{"serviceAccount":"old"}})", {{"/spec/serviceAccountName", R"("old")"}});
  expect_defaults("pods", R"({"spec":{"serviceAccountName":"new","serviceAccount":"old"}})", {{"/spec/serviceAccount", R"("new")"}});
}

TEST(PodDefaults, PullPolicyFollowsTheTag) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"nginx", "Always"},          {"nginx:latest", "Always"},        {"nginx:1", "IfNotPresent"},      {"host:5000/nginx", "Always"},
      {"host:5000/a:2", "IfNotPresent"}, {"a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "IfNotPresent"},
      {"", "IfNotPresent"},         {"UPPER", "IfNotPresent"},
  };
  for (const auto& [image, policy] : table)
    expect_defaults("pods", R"({"spec":{"containers":[{"image":")" + image + R"("}]}})",
                    {{"/spec/containers/0/imagePullPolicy", "\"" + policy + "\""}});
}

TEST(PodDefaults, OfContainersParts) {
  expect_defaults("pods", R"({"spec":{"hostNetwork":true,"containers":[{"ports":[{"containerPort":80}],
      "env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],
      "readinessProbe":{"httpGet":{"port":80}},"lifecycle":{"preStop":{"httpGet":{"port":1}}}, "livenessProbe":{"grpc":{"port":1}},
      "resources":{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"0.0001"}}}]}})",
                  {{"/spec/containers/0/ports/0/protocol", R"("TCP")"},
                   {"/spec/containers/0/ports/0/hostPort", "80"},
                   {"/spec/containers/0/env/0/valueFrom/fieldRef/apiVersion", R"("v1")"},
                   {"/spec/containers/0/readinessProbe", R"({"failureThreshold":3,"httpGet":{"path":"/","port":80,"scheme":"HTTP"},"periodSeconds":10,"successThreshold":1,"timeoutSeconds":1})"},
                   {"/spec/containers/0/livenessProbe/grpc/service", R"("")"},
                   {"/spec/containers/0/lifecycle/preStop/httpGet/path", R"("/")"},
                   {"/spec/containers/0/resources/requests", R"({"cpu":"1m","memory":"1Gi"})"}});
}

TEST(PodDefaults, OfVolumes) {
  expect_defaults("pods", R"({"spec":{"volumes":[{"name":"a"},{"name":"b","secret":{}},{"name":"c","projected":{"sources":[{"serviceAccountToken":{"path":"t"}}]}},
      {"name":"d","hostPath":{"path":"/"}},{"name":"e","ephemeral":{"volumeClaimTemplate":{"spec":{}}}}]}})",
                  {{"/spec/volumes/0/emptyDir", "{}"},
                   {"/spec/volumes/1/secret/defaultMode", "420"},
                   {"/spec/volumes/1/emptyDir", ""},
                   {"/spec/volumes/2/projected/defaultMode", "420"},
                   {"/spec/volumes/2/projected/sources/0/serviceAccountToken/expirationSeconds", "3600"},
                   {"/spec/volumes/3/hostPath/type", R"("")"},
                   {"/spec/volumes/4/ephemeral/volumeClaimTemplate/spec/volumeMode", R"("Filesystem")"}});
}

TEST(PodDefaults, AreThoseOfTemplatesToo) {
  expect_defaults("deployments.apps", R"({"spec":{"template":{"spec":{"containers":[{"image":"a:1","resources":{"limits":{"cpu":"1"}}}]}}}})",
                  {{"/spec/replicas", "1"},
                   {"/spec/strategy", R"({"rollingUpdate":{"maxSurge":"25%","maxUnavailable":"25%"},"type":"RollingUpdate"})"},
                   {"/spec/revisionHistoryLimit", "10"},
                   {"/spec/progressDeadlineSeconds", "600"},
                   {"/spec/template/spec/dnsPolicy", R"("ClusterFirst")"},
                   {"/spec/template/spec/enableServiceLinks", ""},
                   {"/spec/template/spec/containers/0/resources/requests", ""},
                   {"/spec/template/spec/containers/0/imagePullPolicy", R"("IfNotPresent")"}});
}

TEST(PodCreation, StartsPendingWithAQosClass) {
  const std::vector<std::pair<std::string_view, std::string_view>> table = {
      {R"([{"name":"a"}])", R"("BestEffort")"},
      {R"([{"name":"a","resources":{"requests":{"cpu":"1"}}}])", R"("Burstable")"},
      {R"([{"name":"a","resources":{"limits":{"cpu":"1","memory":"1Gi"}}}])", R"("Guaranteed")"},
      {R"([{"name":"a","resources":{"limits":{"cpu":"1","memory":"1Gi"}}},{"name":"b"}])", R"("Burstable")"},
      {R"([{"name":"a","resources":{"limits":{"example.com/a":"1"}}}])", R"("BestEffort")"},
  };
  for (const auto& [containers, qos] : table) {
    const auto pod = object("pods", R"({"spec":{"containers":)" + std::string(containers) + R"(},"status":{"phase":"Running","podIP":"1.2.3.4"}})");
    resource("pods").prepare_for_create(*pod);
    EXPECT_EQ(at(*pod, "/status"), R"({"phase":"Pending","qosClass":)" + std::string(qos) + "}") << containers;
  }
}

TEST(PodCreation, ShowsThatGatesHoldThePodBack) {
  const auto pod = object("pods", R"({"metadata":{"creationTimestamp":"2024-01-01T00:00:00Z"},"spec":{"schedulingGates":[{"name":"example.com/a"}],"containers":[{"name":"a"}]}})");
  resource("pods").prepare_for_create(*pod);
  EXPECT_EQ(at(*pod, "/status/conditions"),
            R"([{"lastProbeTime":null,"lastTransitionTime":"2024-01-01T00:00:00Z","message":"Scheduling is blocked due to non-empty scheduling gates",)"
            R"("reason":"SchedulingGated","status":"False","type":"PodScheduled"}])");
}

TEST(PodCreation, LabelKeysBecomeRequirements) {
  const std::string term = R"({"topologyKey":"zone","labelSelector":{"matchLabels":{"app":"a"}},"matchLabelKeys":["hash","absent"],"mismatchLabelKeys":["tenant"]})";
  const std::string spread = R"({"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"DoNotSchedule","matchLabelKeys":["hash"])";
  const auto pod = object("pods", R"({"metadata":{"labels":{"hash":"h1","tenant":"t"}},"spec":{"containers":[{"name":"a"}],"affinity":{
      "podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[)" + term + R"(]},
      "podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"podAffinityTerm":)" + term + R"(}]}},
      "topologySpreadConstraints":[)" + spread + R"(,"labelSelector":{}},)" + spread + "}]}}");
  resource("pods").prepare_for_create(*pod);
  const std::string merged = R"([{"key":"hash","operator":"In","values":["h1"]},{"key":"tenant","operator":"NotIn","values":["t"]}])";
  EXPECT_EQ(at(*pod, "/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/0/labelSelector/matchExpressions"), merged);
  EXPECT_EQ(at(*pod, "/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/0/podAffinityTerm/labelSelector/matchExpressions"), merged);
  EXPECT_EQ(at(*pod, "/spec/topologySpreadConstraints/0/labelSelector/matchExpressions"), R"([{"key":"hash","operator":"In","values":["h1"]}])");
  EXPECT_EQ(at(*pod, "/spec/topologySpreadConstraints/1/labelSelector"), "") << "no selector stays none";
}

}  // namespace
}  // namespace plumb::resources::testing
