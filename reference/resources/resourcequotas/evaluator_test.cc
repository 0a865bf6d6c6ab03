#include "reference/resources/resourcequotas/evaluator.h"

#include <gtest/gtest.h>

#include "reference/resources/podspec/pod_amounts.h"
#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

const WallTime now = time("2024-01-01T00:01:00Z");

const quota::Evaluator& of(const std::string& name) { return *quota::evaluator_of(resource(name)); }
std::string usage(const std::string& name, std::string_view json) { return listed(of(name).usage(*raw_object(name, json), now)); }
bool in_scope(const std::string& name, std::string_view json, std::string_view scope, std::string_view op = "Exists", std::initializer_list<const char*> values = {}) {
  corev1::ScopedResourceSelectorRequirement requirement;
  requirement.scopeName = scope;
  requirement.operator_ = op;
  for (const char* value : values) requirement.values.push_back(value);
  return of(name).in_scope(*raw_object(name, json), requirement);
}

const char* const two_containers = R"({"spec":{"overhead":{"cpu":"10m","ephemeral-storage":"1Gi"},
  "containers":[{"name":"a","resources":{"requests":{"cpu":"100m","memory":"1Gi","example.com/gpu":"1"},"limits":{"cpu":"200m","example.com/gpu":"1"}}},
                {"name":"b","resources":{"requests":{"cpu":"100m","ephemeral-storage":"1Gi"}}}],
  "initContainers":[{"name":"s","restartPolicy":"Always","resources":{"requests":{"cpu":"50m"}}},{"name":"i","resources":{"requests":{"cpu":"1","hugepages-2Mi":"4Mi"}}}]}})";

TEST(Quota, PodsAreChargedForTheirPeakWithOverhead) {
  EXPECT_EQ(usage("pods", two_containers),
            "count/pods=1,cpu=1060m,ephemeral-storage=2Gi,hugepages-2Mi=4Mi,limits.cpu=210m,memory=1Gi,pods=1,requests.cpu=1060m,requests.ephemeral-storage=2Gi,"
            "requests.example.com/gpu=1,requests.hugepages-2Mi=4Mi,requests.memory=1Gi");
  EXPECT_EQ(usage("pods", R"({"spec":{"resources":{"requests":{"cpu":"3"},"limits":{"cpu":"4"}},"containers":[{"name":"a","resources":{"requests":{"cpu":"1","memory":"1Gi"}}}]}})"),
            "count/pods=1,cpu=3,limits.cpu=4,memory=1Gi,pods=1,requests.cpu=3,requests.memory=1Gi");
}

TEST(Quota, AResizeIsChargedForWhatIsGrantedUntilThatIsLess) {
  const auto resized = [](std::string_view condition) {
    return R"({"spec":{"containers":[{"name":"a","resources":{"requests":{"cpu":"1"},"limits":{"cpu":"1"}}}]},"status":{"conditions":[)" + std::string(condition) +
           R"(],"containerStatuses":[{"name":"a","allocatedResources":{"cpu":"2"},"resources":{"requests":{"cpu":"3"},"limits":{"cpu":"5"}}}]}})";
  };
  EXPECT_EQ(usage("pods", resized("")), "count/pods=1,cpu=3,limits.cpu=5,pods=1,requests.cpu=3");
  const std::string bigger = R"({"spec":{"containers":[{"name":"a","resources":{"requests":{"cpu":"9"}}}]},"status":{"conditions":[{"type":"PodResizePending","status":"True","reason":"Infeasible"}],)"
                             R"("containerStatuses":[{"name":"a","allocatedResources":{"cpu":"2"},"resources":{"requests":{"cpu":"2"}}}]}})";
  EXPECT_EQ(usage("pods", bigger), "count/pods=1,cpu=2,pods=1,requests.cpu=2");
  const auto pod = std::static_pointer_cast<corev1::Pod>(raw_object("pods", resized("")));
  EXPECT_EQ(listed(pod_requests(*pod, PodAmounts::of_spec)), "cpu=1");
}

TEST(Quota, PodsThatHaveEndedAreCountedAlone) {
  EXPECT_EQ(usage("pods", R"({"status":{"phase":"Succeeded"},"spec":{"containers":[{"name":"a","resources":{"requests":{"cpu":"1"}}}]}})"), "count/pods=1");
  const auto going = [](const char* when) { return R"({"metadata":{"deletionTimestamp":")" + std::string(when) + R"(","deletionGracePeriodSeconds":30},"spec":{"containers":[]}})"; };
  EXPECT_EQ(usage("pods", going("2024-01-01T00:00:30Z")), "count/pods=1,pods=1");
  EXPECT_EQ(usage("pods", going("2024-01-01T00:00:29Z")), "count/pods=1");
}

TEST(Quota, PodsHaveScopes) {
  const char *best = R"({"spec":{"containers":[{"name":"a"}]}})", *deadline = R"({"spec":{"activeDeadlineSeconds":5,"priorityClassName":"high","containers":[]}})";
  EXPECT_TRUE(in_scope("pods", best, "BestEffort") && in_scope("pods", best, "NotTerminating") && in_scope("pods", deadline, "Terminating"));
  EXPECT_FALSE(in_scope("pods", best, "NotBestEffort") || in_scope("pods", best, "Terminating") || in_scope("pods", deadline, "NotTerminating"));
  EXPECT_TRUE(in_scope("pods", two_containers, "NotBestEffort"));
  EXPECT_TRUE(in_scope("pods", deadline, "PriorityClass") && in_scope("pods", deadline, "PriorityClass", "In", {"low", "high"}));
  EXPECT_FALSE(in_scope("pods", best, "PriorityClass") || in_scope("pods", deadline, "PriorityClass", "NotIn", {"high"}) || in_scope("pods", best, "PriorityClass", "In", {"high"}));
  EXPECT_TRUE(in_scope("pods", best, "PriorityClass", "NotIn", {"high"}) && in_scope("pods", best, "PriorityClass", "DoesNotExist"));
  const auto affinity = [](const char* term) {
    return R"({"spec":{"containers":[],"affinity":{"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"podAffinityTerm":)" + std::string(term) + "}]}}}}";
  };
  EXPECT_TRUE(in_scope("pods", affinity(R"({"topologyKey":"t","namespaces":["n"]})"), "CrossNamespacePodAffinity"));
  EXPECT_TRUE(in_scope("pods", affinity(R"({"topologyKey":"t","namespaceSelector":{}})"), "CrossNamespacePodAffinity"));
  EXPECT_FALSE(in_scope("pods", affinity(R"({"topologyKey":"t"})"), "CrossNamespacePodAffinity") || in_scope("pods", best, "VolumeAttributesClass"));
}

TEST(Quota, PodsSayWhatIsLimited) {
  const auto unsaid = [](std::string_view json, quota::Names names) { return of("pods").unsaid(*raw_object("pods", json), names); };
  EXPECT_EQ(unsaid(two_containers, {"cpu", "requests.memory", "limits.cpu", "pods", "requests.ephemeral-storage"}),
            "must specify limits.cpu for: b,i,s; requests.memory for: b,i,s");
  EXPECT_EQ(unsaid(two_containers, {"requests.cpu"}), "");
  EXPECT_EQ(unsaid(R"({"spec":{"resources":{"limits":{"cpu":"1"}},"containers":[{"name":"a"}]}})", {"cpu", "memory"}), "");
}

TEST(Quota, PodsTrackWhatTheyMayAskFor) {
  for (const char* name : {"pods", "count/pods", "limits.ephemeral-storage", "hugepages-1Gi", "requests.hugepages-1Gi", "requests.example.com/gpu",
                           "requests.deviceclass.resource.kubernetes.io/gpu"})
    EXPECT_TRUE(of("pods").tracks(name)) << name;
  for (const char* name : {"services", "example.com/gpu", "count/services", "requests.storage", "requests.kubernetes.io/x"}) EXPECT_FALSE(of("pods").tracks(name)) << name;
}

TEST(Quota, PodsAreLookedAtWhenMadeAndWhenTheirShareChanges) {
  const auto pod = raw_object("pods", two_containers), terminating = raw_object("pods", R"({"spec":{"activeDeadlineSeconds":5,"containers":[]}})");
  EXPECT_TRUE(of("pods").handles({"", pod.get(), nullptr}));
  EXPECT_TRUE(of("pods").handles({"resize", pod.get(), pod.get()}));
  EXPECT_TRUE(of("pods").handles({"", terminating.get(), pod.get()}));
  EXPECT_FALSE(of("pods").handles({"", pod.get(), pod.get()}) || of("pods").handles({"status", pod.get(), pod.get()}) || of("pods").handles({"eviction", pod.get(), nullptr}));
  const auto ended = raw_object("pods", R"({"status":{"phase":"Failed"},"spec":{"containers":[]}})");
  EXPECT_TRUE(of("pods").frees(*pod, *ended, now) && of("pods").frees(*pod, *terminating, now));
  EXPECT_FALSE(of("pods").frees(*pod, *pod, now));
}

TEST(Quota, ServicesUsePortsByTheirType) {
  const auto service = [](std::string_view spec) { return usage("services", "{\"spec\":{" + std::string(spec) + R"("ports":[{"port":1,"nodePort":30001},{"port":2}]}})"); };
  EXPECT_EQ(service(""), "count/services=1,services=1,services.loadbalancers=0,services.nodeports=0");
  EXPECT_EQ(service(R"("type":"NodePort",)"), "count/services=1,services=1,services.loadbalancers=0,services.nodeports=2");
  EXPECT_EQ(service(R"("type":"LoadBalancer",)"), "count/services=1,services=1,services.loadbalancers=1,services.nodeports=2");
  EXPECT_EQ(service(R"("type":"LoadBalancer","allocateLoadBalancerNodePorts":false,)"), "count/services=1,services=1,services.loadbalancers=1,services.nodeports=1");
}

TEST(Quota, ClaimsUseStorageInAllAndByClass) {
  EXPECT_EQ(usage("persistentvolumeclaims", R"({"spec":{"storageClassName":"gold","resources":{"requests":{"storage":"1Gi"}}},"status":{"allocatedResources":{"storage":"2Gi"}}})"),
            "count/persistentvolumeclaims=1,gold.storageclass.storage.k8s.io/persistentvolumeclaims=1,gold.storageclass.storage.k8s.io/requests.storage=2Gi,"
            "persistentvolumeclaims=1,requests.storage=2Gi");
  EXPECT_EQ(usage("persistentvolumeclaims", R"({"spec":{"resources":{"requests":{"storage":"1500m"}}}})"), "count/persistentvolumeclaims=1,persistentvolumeclaims=1,requests.storage=2");
  EXPECT_TRUE(of("persistentvolumeclaims").tracks("x.storageclass.storage.k8s.io/requests.storage"));
  EXPECT_FALSE(of("persistentvolumeclaims").tracks("x.storageclass.storage.k8s.io/cpu") || of("persistentvolumeclaims").tracks("pods"));
  const char* classy = R"({"spec":{"volumeAttributesClassName":"a"},"status":{"currentVolumeAttributesClassName":"b"}})";
  EXPECT_TRUE(in_scope("persistentvolumeclaims", classy, "VolumeAttributesClass") && in_scope("persistentvolumeclaims", classy, "VolumeAttributesClass", "In", {"b"}));
  EXPECT_TRUE(in_scope("persistentvolumeclaims", classy, "VolumeAttributesClass", "NotIn", {"a"}));
  EXPECT_FALSE(in_scope("persistentvolumeclaims", "{}", "VolumeAttributesClass") || in_scope("persistentvolumeclaims", classy, "Terminating"));
}

TEST(Quota, EverythingElseInNamespacesIsCounted) {
  EXPECT_EQ(usage("secrets", "{}"), "count/secrets=1,secrets=1");
  EXPECT_EQ(usage("replicasets.apps", "{}"), "count/replicasets.apps=1");
  EXPECT_EQ(usage("resourcequotas", "{}"), "count/resourcequotas=1,resourcequotas=1");
  EXPECT_EQ(quota::evaluator_of(resource("events")), nullptr);
  EXPECT_EQ(quota::evaluator_of(resource("nodes")), nullptr);
}

}  // namespace
}  // namespace plumb::resources::testing
