#include "reference/scheduler/configuration.h"

#include <gmock/gmock.h>

#include "reference/scheduler/testing.h"

namespace plumb::scheduler {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view head = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n";

Result<SchedulerOptions> read(std::string_view rest) { return read_configuration(std::string(head) + std::string(rest)); }
std::string refusal(std::string_view rest) {
  const auto options = read(rest);
  return options.ok() ? "" : options.error().message;
}

template <class Point>
std::vector<std::string> names(const std::vector<Profile::Asked<Point>>& asked) {
  std::vector<std::string> names;
  for (const auto& one : asked) names.emplace_back(one.traits.name);
  return names;
}
std::unique_ptr<Profile> profile_of(std::string_view plugins) {
  std::string indented = "profiles:\n- plugins:\n";
  for (std::size_t at = 0; at < plugins.size();) {
    const std::size_t end = plugins.find('\n', at);
    indented += "    " + std::string(plugins.substr(at, end - at)) + "\n";
    at = end + 1;
  }
  auto options = read(indented);
  EXPECT_TRUE(options.ok()) << options.error().message;
  auto profile = Profile::make(options->profiles.front());
  EXPECT_TRUE(profile.ok()) << profile.error().message;
  return std::move(*profile);
}

TEST(Configuration, WithoutAnythingIsTheDefault) {
  const auto options = read("");
  ASSERT_TRUE(options.ok()) << options.error().message;
  ASSERT_EQ(options->profiles.size(), 1u);
  EXPECT_EQ(options->profiles.front().scheduler_name, "default-scheduler");
  EXPECT_EQ(options->queue.first_backoff, 1s);
  EXPECT_EQ(options->queue.last_backoff, 10s);
  const auto profile = std::move(*Profile::make(options->profiles.front()));
  EXPECT_THAT(names(profile->filter), ElementsAre("NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity", "NodePorts", "NodeResourcesFit",
                                                  "VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone", "PodTopologySpread", "InterPodAffinity"));
  EXPECT_THAT(names(profile->score), ElementsAre("TaintToleration", "NodeAffinity", "NodeResourcesFit", "PodTopologySpread", "InterPodAffinity",
                                                 "NodeResourcesBalancedAllocation", "ImageLocality"));
  EXPECT_THAT(names(profile->post_filter), ElementsAre("DefaultPreemption"));
}

TEST(Configuration, ReadsProfilesAndWhatHoldsForAll) {
  const auto options = read(R"(
percentageOfNodesToScore: 30
podInitialBackoffSeconds: 2
podMaxBackoffSeconds: 4
leaderElection: {leaderElect: true}
clientConnection: {kubeconfig: /etc/kubernetes/scheduler.conf}
profiles:
- schedulerName: one
- schedulerName: two
  percentageOfNodesToScore: 70
)");
  ASSERT_TRUE(options.ok()) << options.error().message;
  ASSERT_EQ(options->profiles.size(), 2u);
  EXPECT_EQ(options->profiles[0].percentage_of_nodes_to_score, 30);
  EXPECT_EQ(options->profiles[1].scheduler_name, "two");
  EXPECT_EQ(options->profiles[1].percentage_of_nodes_to_score, 70);
  EXPECT_EQ(options->queue.first_backoff, 2s);
  EXPECT_EQ(options->queue.last_backoff, 4s);
}

TEST(Configuration, PluginsAreSwitchedEverywhereOrAtAPoint) {
  const auto without = profile_of("multiPoint:\n  disabled: [{name: ImageLocality}, {name: DefaultPreemption}]\nfilter:\n  disabled: [{name: NodePorts}]\n");
  EXPECT_THAT(names(without->filter), ElementsAre("NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity", "NodeResourcesFit",
                                                  "VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone", "PodTopologySpread", "InterPodAffinity"));
  EXPECT_THAT(names(without->score), ::testing::Not(::testing::Contains("ImageLocality")));
  EXPECT_TRUE(without->post_filter.empty());
  const auto few = profile_of("filter:\n  disabled: [{name: '*'}]\n  enabled: [{name: NodePorts}, {name: NodeName}]\n");
  EXPECT_THAT(names(few->filter), ElementsAre("NodePorts", "NodeName"));
  EXPECT_THAT(names(few->score), ::testing::SizeIs(7));
}

TEST(Configuration, WeightsAreReplaced) {
  const auto profile = profile_of("multiPoint:\n  enabled: [{name: NodeAffinity, weight: 7}]\nscore:\n  enabled: [{name: ImageLocality, weight: 9}]\n");
  std::map<std::string_view, int> weights;
  for (const auto& asked : profile->score) weights[asked.traits.name] = asked.traits.weight;
  EXPECT_EQ(weights["NodeAffinity"], 7);
  EXPECT_EQ(weights["ImageLocality"], 9);
  EXPECT_EQ(weights["TaintToleration"], 3);
  EXPECT_EQ(profile->score.front().traits.name, "ImageLocality") << "those of the point are asked first";
}

TEST(Configuration, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(read_configuration("kind: Pod").error().message, HasSubstr("the file must be a KubeSchedulerConfiguration"));
  EXPECT_FALSE(read_configuration("a: [").ok());
  EXPECT_EQ(refusal("profile: []"), "profile: is not known here");
  EXPECT_EQ(refusal("percentageOfNodesToScore: 101"), "percentageOfNodesToScore: 101 is not within 0 and 100");
  EXPECT_EQ(refusal("podInitialBackoffSeconds: 5\npodMaxBackoffSeconds: 4"), "podMaxBackoffSeconds: 4 is not within 5 and 1000000");
  EXPECT_EQ(refusal("profiles: [{}, {}]"), "profiles[0].schedulerName: is needed where there are several profiles");
  EXPECT_EQ(refusal("profiles: [{plugins: {filters: {}}}]"), "profiles[0].plugins.filters: is not known here");
  EXPECT_EQ(refusal("profiles: [{plugins: {filter: {enabled: [{name: A, weight: 1}]}}}]"),
            "profiles[0].plugins.filter.enabled[0].weight: has a meaning for score and multiPoint alone");
  EXPECT_EQ(refusal("profiles: [{pluginConfig: [{name: A}, {name: A}]}]"), "profiles[0].pluginConfig[1].name: there are arguments for A already");
}

TEST(Configuration, ReadsExtenders) {
  const auto options = read(R"(
extenders:
- urlPrefix: https://gpu.example.com/scheduler/
  filterVerb: filter
  prioritizeVerb: prioritize
  weight: 3
  preemptVerb: preempt
  bindVerb: bind
  enableHTTPS: true
  tlsConfig: {insecure: true, serverName: gpu, caData: Q0E=}
  httpTimeout: 2s
  nodeCacheCapable: true
  ignorable: true
  managedResources: [{name: example.com/gpu, ignoredByScheduler: true}, {name: example.com/fpga}]
- urlPrefix: http://127.0.0.1:80
profiles:
- pluginConfig: [{name: NodeResourcesFit, args: {ignoredResources: [example.com/old]}}]
)");
  ASSERT_TRUE(options.ok()) << options.error().message;
  ASSERT_EQ(options->extenders.size(), 2u);
  const ExtenderOptions& gpu = options->extenders.front();
  EXPECT_EQ(gpu.url_prefix, "https://gpu.example.com/scheduler/");
  EXPECT_EQ(gpu.filter_verb + gpu.prioritize_verb + gpu.preempt_verb + gpu.bind_verb, "filterprioritizepreemptbind");
  EXPECT_EQ(gpu.weight, 3);
  EXPECT_TRUE(gpu.https && gpu.node_cache_capable && gpu.ignorable);
  EXPECT_EQ(gpu.timeout, 2s);
  ASSERT_TRUE(gpu.tls);
  EXPECT_TRUE(gpu.tls->insecure);
  EXPECT_EQ(gpu.tls->server_name, "gpu");
  EXPECT_EQ(gpu.tls->ca_data, "CA");
  EXPECT_THAT(gpu.managed_resources, ElementsAre("example.com/fpga", "example.com/gpu"));
  EXPECT_EQ(options->extenders.back().timeout, 5s);
  EXPECT_EQ(options->profiles.front().plugin_config.at("NodeResourcesFit").doc().to_json(), R"({"ignoredResources":["example.com/old","example.com/gpu"]})");
  EXPECT_TRUE(Profile::make(options->profiles.front()).ok());
}

TEST(Configuration, RefusesExtendersThatCannotBe) {
  const auto extender = [](const std::string& members) { return refusal("extenders: [{urlPrefix: 'http://x', " + members + "}]"); };
  EXPECT_EQ(extender("verb: x"), "extenders[0].verb: is not known here");
  EXPECT_EQ(extender("prioritizeVerb: p"), "extenders[0].weight: must be above zero where there is a prioritizeVerb");
  EXPECT_EQ(extender("httpTimeout: soon"), "extenders[0].httpTimeout: time: invalid duration \"soon\"");
  EXPECT_EQ(extender("tlsConfig: {caData: '%'}"), "extenders[0].tlsConfig.caData: must be base64");
  EXPECT_EQ(extender("managedResources: [{name: cpu}]"), "extenders[0].managedResources: cpu is no extended resource");
  EXPECT_EQ(extender("managedResources: [{name: x.kubernetes.io/y}]"), "extenders[0].managedResources: x.kubernetes.io/y is no extended resource");
  EXPECT_EQ(extender("managedResources: [{name: a.b/c}]}, {urlPrefix: 'http://y', managedResources: [{name: a.b/c}]"),
            "extenders[1].managedResources: a.b/c is managed by another extender already");
  EXPECT_EQ(extender("bindVerb: b}, {urlPrefix: 'http://y', bindVerb: b"), "extenders[1].bindVerb: only one extender may bind");
}

std::string profile_refusal(const std::string& config) {
  auto options = read("profiles: [{pluginConfig: [" + config + "]}]");
  if (!options.ok()) return options.error().message;
  auto profile = Profile::make(options->profiles.front());
  return profile.ok() ? "" : profile.error().message;
}

TEST(Configuration, PluginsCheckTheirArguments) {
  EXPECT_EQ(profile_refusal("{name: NoSuch}"), "profile default-scheduler: there is no plugin NoSuch");
  EXPECT_EQ(profile_refusal("{name: NodeName, args: {a: 1}}"), "profiles[0].pluginConfig[0].args.a: is not known here");
  EXPECT_EQ(profile_refusal("{name: InterPodAffinity, args: {apiVersion: kubescheduler.config.k8s.io/v1, kind: InterPodAffinityArgs, hardPodAffinityWeight: 100}}"), "");
  EXPECT_EQ(profile_refusal("{name: InterPodAffinity, args: {kind: Pod}}"), "profiles[0].pluginConfig[0].args.kind: must be InterPodAffinityArgs");
  EXPECT_EQ(profile_refusal("{name: InterPodAffinity, args: {hardPodAffinityWeight: 101}}"),
            "profiles[0].pluginConfig[0].args.hardPodAffinityWeight: 101 is not within 0 and 100");
  EXPECT_EQ(profile_refusal("{name: DefaultPreemption, args: {minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0}}"),
            "profiles[0].pluginConfig[0].args.minCandidateNodesAbsolute: cannot be zero at the same time as minCandidateNodesPercentage");
  EXPECT_EQ(profile_refusal("{name: PodTopologySpread, args: {defaultConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: ScheduleAnyway}]}}"),
            "profiles[0].pluginConfig[0].args.defaultingType: must be List where there are defaultConstraints");
  EXPECT_EQ(profile_refusal("{name: PodTopologySpread, args: {defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: Never}]}}"),
            "profiles[0].pluginConfig[0].args.defaultConstraints[0].whenUnsatisfiable: \"Never\" is none of DoNotSchedule, ScheduleAnyway");
  EXPECT_EQ(profile_refusal("{name: PodTopologySpread, args: {defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: DoNotSchedule, labelSelector: {}}]}}"),
            "profiles[0].pluginConfig[0].args.defaultConstraints[0].labelSelector: is not known here");
  EXPECT_EQ(profile_refusal("{name: NodeResourcesFit, args: {scoringStrategy: {type: RequestedToCapacityRatio}}}"),
            "profiles[0].pluginConfig[0].args.scoringStrategy.requestedToCapacityRatio.shape: needs at least one point");
  EXPECT_EQ(profile_refusal("{name: NodeResourcesFit, args: {scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: [{utilization: 5}, {utilization: 5}]}}}}"),
            "profiles[0].pluginConfig[0].args.scoringStrategy.requestedToCapacityRatio.shape[1].utilization: must be above that of the point before");
  EXPECT_EQ(profile_refusal("{name: NodeResourcesFit, args: {ignoredResourceGroups: [example.com/gpu]}}"),
            "profiles[0].pluginConfig[0].args.ignoredResourceGroups: example.com/gpu is a resource: a group has no '/'");
}

}  // namespace
}  // namespace plumb::scheduler
