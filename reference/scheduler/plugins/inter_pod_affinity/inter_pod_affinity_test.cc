#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {
namespace {

constexpr std::string_view no_affinity = "node(s) didn't match pod affinity rules";
constexpr std::string_view no_anti_affinity = "node(s) didn't match pod anti-affinity rules";
constexpr std::string_view no_others_anti_affinity = "node(s) didn't satisfy existing pods anti-affinity rules";

using Reasoned = ClusterTable::Reasoned;
using Scores = std::map<std::string, std::int64_t>;

// Nodes a and b in zone z1, c in z2, d in none.
struct InterPodAffinityTest : ::testing::Test {
  ClusterTable cluster{"InterPodAffinity"};
  void SetUp() override {
    cluster.add(MakeNode("a").label("zone", "z1").label("host", "a")).add(MakeNode("b").label("zone", "z1").label("host", "b"));
    cluster.add(MakeNode("c").label("zone", "z2").label("host", "c")).add(MakeNode("d").label("host", "d"));
  }
  static Reasoned all(std::string_view a, std::string_view b, std::string_view c, std::string_view d) {
    return {{"a", std::string(a)}, {"b", std::string(b)}, {"c", std::string(c)}, {"d", std::string(d)}};
  }
};

TEST_F(InterPodAffinityTest, HasNothingToSayAboutPlainPodsAmongPlainPods) {
  cluster.add(MakePod("web").label("app", "web").on("a"));
  EXPECT_EQ(cluster.filter(MakePod("p")), Reasoned());
  EXPECT_EQ(cluster.scores(MakePod("p")), Scores());
  EXPECT_EQ(cluster.table.counts().counts(), 0u);
}

TEST_F(InterPodAffinityTest, RequiredAffinityIsToADomain) {
  cluster.add(MakePod("db").label("app", "db").on("a")).add(MakePod("other").label("app", "db").in("elsewhere").on("c"));
  EXPECT_EQ(cluster.filter(MakePod("p").beside("app", "db", "zone")), all("", "", no_affinity, no_affinity));
  EXPECT_EQ(cluster.filter(MakePod("p").beside("app", "db", "host")), all("", no_affinity, no_affinity, no_affinity));
  EXPECT_EQ(cluster.filter(MakePod("p").beside("app", "cache", "zone")), all(no_affinity, no_affinity, no_affinity, no_affinity));
}

TEST_F(InterPodAffinityTest, OnePodMustMatchAllTerms) {
  cluster.add(MakePod("db").label("app", "db").on("a")).add(MakePod("fast").label("disk", "ssd").on("a"));
  const auto both = MakePod("p").beside("app", "db", "host").beside("disk", "ssd", "zone");
  EXPECT_EQ(cluster.filter(both)["a"], no_affinity);
  cluster.add(MakePod("fastdb").label("app", "db").label("disk", "ssd").on("b"));
  EXPECT_EQ(cluster.filter(both), all(no_affinity, "", no_affinity, no_affinity));
}

TEST_F(InterPodAffinityTest, TheFirstOfAGroupMayGoWhereverTheTopologyIs) {
  const auto first = MakePod("p").label("app", "db").beside("app", "db", "zone");
  EXPECT_EQ(cluster.filter(first), all("", "", "", no_affinity));
  EXPECT_EQ(cluster.filter(MakePod("p").label("app", "db").beside("app", "db", "zone").beside("app", "web", "zone"))["a"], no_affinity);
  cluster.add(MakePod("db").label("app", "db").on("c"));
  EXPECT_EQ(cluster.filter(first), all(no_affinity, no_affinity, "", no_affinity));
  cluster.table.remove_pod("uid-db");
  EXPECT_EQ(cluster.filter(first), all("", "", "", no_affinity));
}

TEST_F(InterPodAffinityTest, AntiAffinityHoldsBothWays) {
  cluster.add(MakePod("web").label("app", "web").on("a"));
  EXPECT_EQ(cluster.filter(MakePod("p").apart_from("app", "web", "zone")), all(no_anti_affinity, no_anti_affinity, "", ""));
  EXPECT_EQ(cluster.filter(MakePod("p").apart_from("app", "web", "host")), all(no_anti_affinity, "", "", ""));
  cluster.add(MakePod("lonely").apart_from("app", "web", "zone").on("c"));
  EXPECT_EQ(cluster.filter(MakePod("p").label("app", "web")), all("", "", no_others_anti_affinity, ""));
  EXPECT_EQ(cluster.filter(MakePod("p").label("app", "web").in("elsewhere")), Reasoned());
  cluster.table.remove_pod("uid-lonely");
  EXPECT_EQ(cluster.filter(MakePod("p").label("app", "web")), Reasoned());
}

TEST_F(InterPodAffinityTest, NamespacesAreNamedOrSelected) {
  PodCounts& counts = cluster.table.counts();
  counts.set_namespace("team-a", {{"team", "a"}});
  counts.set_namespace("team-b", {{"team", "b"}});
  cluster.add(MakePod("one").label("app", "db").in("team-a").on("a")).add(MakePod("two").label("app", "db").in("team-b").on("c"));
  const auto beside = [](const std::function<void(corev1::PodAffinityTerm&)>& where) {
    auto pod = MakePod("p").beside("app", "db", "zone");
    where(pod.pod->spec.affinity->podAffinity->requiredDuringSchedulingIgnoredDuringExecution[0]);
    return pod;
  };
  const auto named = beside([](auto& term) { term.namespaces.push_back("team-a"); });
  const auto selected = beside([](auto& term) { term.namespaceSelector.ensure().matchLabels.set("team", "b"); });
  const auto either = beside([](auto& term) {
    term.namespaces.push_back("team-a");
    term.namespaceSelector.ensure().matchLabels.set("team", "b");
  });
  const auto any = beside([](auto& term) { term.namespaceSelector.ensure(); });
  EXPECT_EQ(cluster.filter(named), all("", "", no_affinity, no_affinity));
  EXPECT_EQ(cluster.filter(selected), all(no_affinity, no_affinity, "", no_affinity));
  EXPECT_EQ(cluster.filter(either), all("", "", "", no_affinity));
  EXPECT_EQ(cluster.filter(any), all("", "", "", no_affinity));
  counts.set_namespace("team-a", {{"team", "b"}});
  EXPECT_EQ(cluster.filter(selected), all("", "", "", no_affinity)) << "the labels of a namespace have changed";
}

TEST_F(InterPodAffinityTest, ExistingPodsSelectNamespacesByTheLabelsTheyHaveNow) {
  auto lonely = MakePod("lonely").apart_from("app", "web", "host").on("a");
  lonely.pod->spec.affinity->podAntiAffinity->requiredDuringSchedulingIgnoredDuringExecution[0].namespaceSelector.ensure().matchLabels.set("team", "a");
  cluster.add(lonely);
  const auto web = MakePod("p").label("app", "web").in("other");
  EXPECT_EQ(cluster.filter(web), Reasoned());
  cluster.table.counts().set_namespace("other", {{"team", "a"}});
  EXPECT_EQ(cluster.filter(web), all(no_others_anti_affinity, "", "", ""));
  cluster.table.counts().remove_namespace("other");
  EXPECT_EQ(cluster.filter(web), Reasoned());
}

TEST_F(InterPodAffinityTest, PreferencesScoreByWeightBothWays) {
  cluster.add(MakePod("db").label("app", "db").on("a")).add(MakePod("web").label("app", "web").on("c"));
  // z1: 10, z2: -30, none: 0; from the worst to the best.
  EXPECT_EQ(cluster.scores(MakePod("p").beside("app", "db", "zone", 10).apart_from("app", "web", "zone", 30)),
            (Scores{{"a", 100}, {"b", 100}, {"c", 0}, {"d", 75}}));
  cluster.add(MakePod("friend").beside("app", "new", "host", 4).on("b")).add(MakePod("foe").apart_from("app", "new", "host", 4).on("c"));
  EXPECT_EQ(cluster.scores(MakePod("p").label("app", "new")), (Scores{{"a", 50}, {"b", 100}, {"c", 0}, {"d", 50}}));
  EXPECT_EQ(cluster.scores(MakePod("p").label("app", "new").in("elsewhere")), Scores());
}

TEST_F(InterPodAffinityTest, TheSameTermOfTwoWeightsCountsForEach) {
  cluster.add(MakePod("mild").beside("app", "new", "host", 4).on("a")).add(MakePod("keen").beside("app", "new", "host", 10).on("b"));
  EXPECT_EQ(cluster.scores(MakePod("p").label("app", "new")), (Scores{{"a", 40}, {"b", 100}, {"c", 0}, {"d", 0}}));
}

TEST_F(InterPodAffinityTest, ARequiredAffinityOfOthersCountsAsAPreferenceOfWeightOne) {
  cluster.add(MakePod("one").beside("app", "new", "host").on("a")).add(MakePod("two").beside("app", "new", "host", 4).on("b"));
  EXPECT_EQ(cluster.scores(MakePod("p").label("app", "new")), (Scores{{"a", 25}, {"b", 100}, {"c", 0}, {"d", 0}}));
}

TEST(InterPodAffinity, WeighsWhatOthersAskForAsConfigured) {
  const auto fill = [](ClusterTable& cluster) {
    for (const std::string_view name : {"a", "b", "c"}) cluster.add(MakeNode(name).label("host", name));
    cluster.add(MakePod("one").beside("app", "new", "host").on("a")).add(MakePod("two").beside("app", "new", "host", 4).on("b"));
  };
  ClusterTable heavy("InterPodAffinity", "{hardPodAffinityWeight: 16}"), none("InterPodAffinity", "{hardPodAffinityWeight: 0}");
  ClusterTable ignoring("InterPodAffinity", "{ignorePreferredTermsOfExistingPods: true}");
  for (ClusterTable* cluster : {&heavy, &none, &ignoring}) fill(*cluster);
  EXPECT_EQ(heavy.scores(MakePod("p").label("app", "new")), (Scores{{"a", 100}, {"b", 25}, {"c", 0}}));
  EXPECT_EQ(none.scores(MakePod("p").label("app", "new")), (Scores{{"a", 0}, {"b", 100}, {"c", 0}}));
  EXPECT_EQ(ignoring.scores(MakePod("p").label("app", "new")), Scores());
  EXPECT_EQ(ignoring.scores(MakePod("p").label("app", "new").beside("app", "other", "host", 1)), (Scores{{"a", 25}, {"b", 100}, {"c", 0}}));
}

TEST_F(InterPodAffinityTest, FollowsLabelsOfPodsAndNodes) {
  const auto p = MakePod("p").beside("app", "db", "zone");
  cluster.add(MakePod("x").label("app", "web").on("a"));
  EXPECT_EQ(cluster.filter(p)["a"], no_affinity);
  cluster.add(MakePod("x").label("app", "db").on("a"));
  EXPECT_EQ(cluster.filter(p), all("", "", no_affinity, no_affinity));
  cluster.add(MakeNode("a").label("zone", "z2"));
  EXPECT_EQ(cluster.filter(p), all("", no_affinity, "", no_affinity));
  cluster.table.remove_node("a");
  EXPECT_EQ(cluster.filter(p), (Reasoned{{"b", std::string(no_affinity)}, {"c", std::string(no_affinity)}, {"d", std::string(no_affinity)}}));
  cluster.add(MakeNode("a").label("zone", "z1"));
  EXPECT_EQ(cluster.filter(p), all("", "", no_affinity, no_affinity));
}

TEST_F(InterPodAffinityTest, CanBeAskedWhatIfPodsWereGoneOrCame) {
  const auto web = MakePod("web").label("app", "web").on("a"), lonely = MakePod("lonely").apart_from("app", "new", "zone").on("a");
  cluster.add(web).add(lonely);
  const auto apart = MakePod("p").label("app", "new").apart_from("app", "web", "zone");
  EXPECT_EQ(cluster.filter(apart)["a"], no_anti_affinity);
  EXPECT_EQ(cluster.filter_if(apart, "a", {web}), no_others_anti_affinity);
  EXPECT_EQ(cluster.filter_if(apart, "a", {web, lonely}), "");
  EXPECT_EQ(cluster.filter_if(apart, "c", {}, {web}), no_anti_affinity);
  EXPECT_EQ(cluster.filter_if(apart, "c", {}, {lonely}), no_others_anti_affinity);
  EXPECT_EQ(cluster.filter_if(MakePod("p").beside("app", "web", "host"), "a", {web}), no_affinity);
  EXPECT_EQ(cluster.filter_if(MakePod("p").beside("app", "web", "host"), "b", {}, {web}), "");
  EXPECT_EQ(cluster.filter_if(MakePod("p").label("app", "web").beside("app", "web", "host"), "a", {web}), "") << "it would be the first";
}

}  // namespace
}  // namespace plumb::scheduler::testing
