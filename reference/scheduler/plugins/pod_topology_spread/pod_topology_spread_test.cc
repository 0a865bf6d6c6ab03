#include "reference/api/types/appsv1.h"
#include "reference/informer/fake_client.h"
#include "reference/informer/informer.h"
#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {
namespace {

constexpr std::string_view uneven = "node(s) didn't match pod topology spread constraints";
constexpr std::string_view no_label = "node(s) didn't match pod topology spread constraints (missing required label)";
constexpr std::string_view zone = "topology.kubernetes.io/zone", host = "kubernetes.io/hostname";

using Reasoned = ClusterTable::Reasoned;
using Scores = std::map<std::string, std::int64_t>;

// Nodes a and b in zone z1, c in z2, d in none.
struct PodTopologySpreadTest : ::testing::Test {
  ClusterTable cluster{"PodTopologySpread"};
  int placed = 0;
  void SetUp() override {
    cluster.add(MakeNode("a").label(zone, "z1").label(host, "a")).add(MakeNode("b").label(zone, "z1").label(host, "b"));
    cluster.add(MakeNode("c").label(zone, "z2").label(host, "c")).add(MakeNode("d").label(host, "d"));
  }
  void place(std::string_view node, int count) {
    for (int i = 0; i < count; ++i) cluster.add(MakePod("web-" + std::to_string(placed++)).label("app", "web").on(node));
  }
  static MakePod web(std::string_view name = "p") { return MakePod(name).label("app", "web"); }
  static Reasoned all(std::string_view a, std::string_view b, std::string_view c, std::string_view d) {
    return {{"a", std::string(a)}, {"b", std::string(b)}, {"c", std::string(c)}, {"d", std::string(d)}};
  }
};

TEST_F(PodTopologySpreadTest, HasNothingToSayWithoutConstraints) {
  place("a", 1);
  EXPECT_EQ(cluster.filter(web()), Reasoned());
  EXPECT_EQ(cluster.scores(web()), Scores());
  EXPECT_EQ(cluster.table.counts().counts(), 0u);
}

TEST_F(PodTopologySpreadTest, KeepsTheSkewBetweenDomains) {
  place("a", 2);
  place("c", 1);
  EXPECT_EQ(cluster.filter(web().spread(1, zone, "app", "web")), all(uneven, uneven, "", no_label));
  EXPECT_EQ(cluster.filter(web().spread(2, zone, "app", "web")), all("", "", "", no_label));
  // A pod that the constraint does not count adds nothing.
  EXPECT_EQ(cluster.filter(MakePod("p").spread(1, zone, "app", "web")), all("", "", "", no_label));
  EXPECT_EQ(cluster.filter(web().spread(1, host, "app", "web")), all(uneven, "", uneven, ""));
}

TEST_F(PodTopologySpreadTest, CountsOnlyPodsOfItsNamespaceThatStay) {
  cluster.add(web("x").in("elsewhere").on("a")).add(web("y").leaving().on("a")).add(MakePod("z").label("app", "db").on("a"));
  EXPECT_EQ(cluster.filter(web().spread(1, host, "app", "web")), all("", "", "", ""));
  place("a", 1);
  EXPECT_EQ(cluster.filter(web().spread(1, host, "app", "web")), all(uneven, "", "", ""));
  cluster.add(web("web-0").leaving().on("a"));
  EXPECT_EQ(cluster.filter(web().spread(1, host, "app", "web")), all("", "", "", ""));
}

TEST_F(PodTopologySpreadTest, AllConstraintsMustHoldAndOnlyNodesWithAllTopologiesCount) {
  place("a", 1);
  place("d", 5);
  const auto both = web().spread(1, zone, "app", "web").spread(1, host, "app", "web");
  EXPECT_EQ(cluster.filter(both), all(uneven, uneven, "", no_label));
  place("c", 1);
  // Hosts: a 1, b 0, c 1. What is on d counts for nothing.
  EXPECT_EQ(cluster.filter(both), all(uneven, "", uneven, no_label));
}

TEST_F(PodTopologySpreadTest, TooFewDomainsCountAsAnEmptyOne) {
  place("a", 1);
  place("c", 1);
  auto pod = web().spread(1, zone, "app", "web");
  EXPECT_EQ(cluster.filter(pod), all("", "", "", no_label));
  pod.pod->spec.topologySpreadConstraints[0].minDomains = 2;
  EXPECT_EQ(cluster.filter(pod), all("", "", "", no_label));
  pod.pod->spec.topologySpreadConstraints[0].minDomains = 3;
  EXPECT_EQ(cluster.filter(pod), all(uneven, uneven, uneven, no_label));
}

TEST_F(PodTopologySpreadTest, NodesThatThePodMayNotRunOnDoNotCountUnlessToldSo) {
  place("a", 1);
  auto pod = web().spread(1, zone, "app", "web").select(zone, "z1");
  EXPECT_EQ(cluster.filter(pod)["a"], "") << "z2 is no domain for it";
  pod.pod->spec.topologySpreadConstraints[0].nodeAffinityPolicy = corev1::NodeInclusionPolicyIgnore;
  EXPECT_EQ(cluster.filter(pod)["a"], uneven);
  auto required = web().spread(1, zone, "app", "web").require({requirement(std::string(zone), "In", {"z1"})});
  EXPECT_EQ(cluster.filter(required)["a"], "");
}

TEST_F(PodTopologySpreadTest, TaintedNodesCountUnlessToldSo) {
  place("a", 1);
  cluster.add(MakeNode("c").label(zone, "z2").label(host, "c").taint("k", "v", "NoSchedule"));
  auto pod = web().spread(1, zone, "app", "web");
  EXPECT_EQ(cluster.filter(pod)["a"], uneven);
  pod.pod->spec.topologySpreadConstraints[0].nodeTaintsPolicy = corev1::NodeInclusionPolicyHonor;
  EXPECT_EQ(cluster.filter(pod)["a"], "");
  EXPECT_EQ(cluster.filter(MakePod(pod).tolerate("k", "Exists", "", ""))["a"], uneven);
}

TEST_F(PodTopologySpreadTest, FollowsPodsAndNodes) {
  const auto pod = web().spread(1, zone, "app", "web");
  place("a", 1);
  EXPECT_EQ(cluster.filter(pod), all(uneven, uneven, "", no_label));
  place("c", 1);
  EXPECT_EQ(cluster.filter(pod), all("", "", "", no_label));
  cluster.add(MakeNode("c").label(zone, "z1").label(host, "c"));
  EXPECT_EQ(cluster.filter(pod), all("", "", "", no_label)) << "one domain is always even";
  cluster.add(MakeNode("c").label(zone, "z3").label(host, "c"));
  cluster.table.remove_pod("uid-web-1");
  EXPECT_EQ(cluster.filter(pod), all(uneven, uneven, "", no_label));
  cluster.table.remove_node("c");
  EXPECT_EQ(cluster.filter(pod)["a"], "");
}

TEST_F(PodTopologySpreadTest, CanBeAskedWhatIfPodsWereGoneOrCame) {
  place("a", 2);
  place("c", 1);
  const auto pod = web().spread(1, zone, "app", "web");
  EXPECT_EQ(cluster.filter_if(pod, "a", {web("web-0")}), "");
  EXPECT_EQ(cluster.filter_if(pod, "a", {MakePod("other").label("app", "db")}), uneven);
  EXPECT_EQ(cluster.filter_if(pod, "c", {}, {web("new")}), "");
  EXPECT_EQ(cluster.filter_if(pod, "c", {}, {web("new"), web("newer")}), uneven) << "z2 would have 3, and 4 with the pod; z1 has 2";
}

TEST_F(PodTopologySpreadTest, ScoresDomainsWithFewerPodsHigher) {
  place("a", 2);
  place("c", 1);
  const auto pod = web().spread(1, zone, "app", "web", corev1::ScheduleAnyway);
  EXPECT_EQ(cluster.filter(pod), Reasoned());
  // ln(2 domains + 2) = 1.386: z1 2.77 becomes 3, z2 1.386 becomes 1; d is not scored. 100 * (3 + 1 - score) / 3.
  EXPECT_EQ(cluster.scores(pod), (Scores{{"a", 33}, {"b", 33}, {"c", 100}, {"d", 0}}));
  // A greater skew waters it down: + 4 each.
  EXPECT_EQ(cluster.scores(web().spread(5, zone, "app", "web", corev1::ScheduleAnyway)), (Scores{{"a", 71}, {"b", 71}, {"c", 100}, {"d", 0}}));
  EXPECT_EQ(cluster.scores(MakePod("p").spread(1, zone, "app", "none", corev1::ScheduleAnyway)), (Scores{{"a", 100}, {"b", 100}, {"c", 100}, {"d", 0}}));
}

// Services and controllers for the defaults.
struct DefaultSpreadTest : PodTopologySpreadTest {
  VirtualClock clock;
  informer::FakeClient client{clock};
  informer::InformerFactory informers{client, clock};
  std::unique_ptr<Plugin> plugin = Registry<Plugin>::make("PodTopologySpread");
  std::string_view args = "{}";
  const Handle handle{cluster.table, [this](const resources::Resource& resource) -> informer::Informer& { return informers.informer(resource); }};

  void start() {
    ASSERT_TRUE(plugin->configure(DocReader(*api::parse_yaml(args), "args")).ok());
    plugin->attach(handle);
    informers.start();
  }
  Scores scores(const MakePod& pod) {
    const PodInfo info(pod.pod);
    const auto& asked = dynamic_cast<ScorePlugin&>(*plugin);
    const std::vector<const NodeInfo*> nodes(cluster.table.nodes().begin(), cluster.table.nodes().end());
    std::unique_ptr<PluginState> state;
    if (asked.pre_score(info, nodes, state) == Code::skip) return {};
    std::vector<std::int64_t> values;
    for (const NodeInfo* node : nodes) values.push_back(asked.score(state.get(), info, *node));
    asked.normalise(values);
    Scores named;
    for (std::size_t i = 0; i < nodes.size(); ++i) named[nodes[i]->name().str()] = values[i];
    return named;
  }
  static void own(const MakePod& pod, std::string_view api_version, std::string_view kind, std::string_view name) {
    metav1::OwnerReference& owner = pod.pod->metadata.ownerReferences.emplace_back();
    owner.apiVersion = api_version;
    owner.kind = kind;
    owner.name = name;
    owner.controller = true;
  }
};

TEST_F(DefaultSpreadTest, SpreadsTheWorkloadOfAServiceOverHostsAndZones) {
  start();
  place("a", 3);
  EXPECT_EQ(scores(web()), Scores()) << "nothing selects it";
  auto service = std::make_shared<corev1::Service>();
  service->metadata.namespace_ = "default";
  service->metadata.name = "web";
  service->spec.selector.set("app", "web");
  client.add(service);
  // Hosts weigh ln(4 + 2), zones ln(3 + 2) with d as a domain of its own; 2 and 4 for the skews that are allowed.
  // a: 3 * 1.79 + 2 + 3 * 1.61 + 4 = 16, b: 2 + 4.83 + 4 = 11, c: 6, d: 2.
  EXPECT_EQ(scores(web()), (Scores{{"a", 12}, {"b", 43}, {"c", 75}, {"d", 100}}));
  EXPECT_EQ(scores(MakePod("p").label("app", "db")), Scores());
  EXPECT_EQ(scores(web().in("elsewhere")), Scores());
}

TEST_F(DefaultSpreadTest, DefaultsMayBeListedAndMustThenHold) {
  args = "{defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule}]}";
  start();
  place("a", 1);
  auto service = std::make_shared<corev1::Service>();
  service->metadata.namespace_ = "default";
  service->metadata.name = "web";
  service->spec.selector.set("app", "web");
  client.add(service);
  const auto fits = [&](const MakePod& pod, std::string_view node) {
    const PodInfo info(pod.pod);
    const PreFilterResult before = dynamic_cast<PreFilterPlugin&>(*plugin).pre_filter(info);
    Reasons reasons;
    return before.verdict.code == Code::skip ||
           dynamic_cast<FilterPlugin&>(*plugin).filter(before.state.get(), info, *cluster.table.find(node), reasons) == Code::success;
  };
  EXPECT_FALSE(fits(web(), "a"));
  EXPECT_TRUE(fits(web(), "b"));
  EXPECT_TRUE(fits(MakePod("p").label("app", "db"), "a"));
  EXPECT_TRUE(fits(web().spread(5, host, "app", "web"), "a")) << "its own go before";
  EXPECT_EQ(scores(web()), Scores());
}

TEST_F(DefaultSpreadTest, SpreadsTheWorkloadOfAController) {
  start();
  place("a", 3);
  auto set = std::make_shared<appsv1::ReplicaSet>();
  set->metadata.namespace_ = "default";
  set->metadata.name = "web-1";
  set->spec.selector.ensure().matchLabels.set("app", "web");
  client.add(set);
  const auto pod = web();
  own(pod, "apps/v1", "ReplicaSet", "web-1");
  EXPECT_EQ(scores(pod), (Scores{{"a", 12}, {"b", 43}, {"c", 75}, {"d", 100}}));
  const auto stranger = web();
  own(stranger, "example.com/v1", "ReplicaSet", "web-1");
  EXPECT_EQ(scores(stranger), Scores());
}

}  // namespace
}  // namespace plumb::scheduler::testing
