#include "reference/scheduler/pod_counts.h"

#include "harness/base/random.h"
#include "reference/scheduler/testing.h"

namespace plumb::scheduler {
namespace {

using namespace plumb::scheduler::testing;

PodMatcher matcher(std::string_view namespace_, std::string_view selector) {
  PodMatcher made;
  made.namespaces.push_back(namespace_);
  made.selector = *api::LabelSelector::parse(selector);
  return made;
}

CountQuery query(const std::string& id, PodMatcher pods, std::string_view topology) {
  CountQuery made;
  made.id = id;
  made.pods.push_back(std::move(pods));
  made.topology_key = topology;
  return made;
}

int times(const PodInfo& pod, const std::string& term) {
  if (!pod.terms) return 0;
  const auto& terms = pod.terms->anti_required;
  return static_cast<int>(std::count_if(terms.begin(), terms.end(), [&](const PodTerm& one) { return one.id == term; }));
}

// A cluster that changes at random, and counts of it that are compared with counting again.
struct PodCountsTest : ::testing::Test {
  NodeTable table;
  Random random{7};
  std::vector<std::string> nodes, pods;

  std::string one_of(std::initializer_list<const char*> values) { return values.begin()[random.below(values.size())]; }
  void set_node(const std::string& name) {
    MakeNode made(name);
    if (random.below(4)) made.label("zone", one_of({"z1", "z2", "z3"}));
    if (random.below(4)) made.label("rack", one_of({"r1", "r2", "r3", "r4", "r5"}));
    if (random.below(4) == 0) made.taint("k", "v", "NoSchedule");
    table.set_node(made.node);
  }
  void set_pod(const std::string& name, const std::string& node) {
    MakePod made(name);
    made.label("app", one_of({"a", "b", "c"})).in(one_of({"one", "two"})).on(node);
    if (random.below(3) == 0) made.apart_from("app", one_of({"a", "b"}), one_of({"zone", "rack"}));
    if (random.below(5) == 0) made.leaving();
    table.set_pod(made.pod);
  }
  std::string node_name() { return "n" + std::to_string(random.below(8)); }
  void change() {
    const std::string pod = "p" + std::to_string(random.below(30));
    switch (random.below(5)) {
      case 0: return set_node(node_name());
      case 1: return void(table.remove_node(node_name()));
      case 2: return void(table.remove_pod("uid-" + pod));
      default: return set_pod(pod, node_name());
    }
  }
  std::vector<CountQuery> queries() {
    std::vector<CountQuery> made = {query("a", matcher("one", "app=a"), "zone"), query("b", matcher("two", "app in (a,b)"), "rack"),
                                    query("stay", matcher("one", "app!=c"), "zone"), query("both", matcher("one", "app=a"), "rack")};
    made[2].leave_out_terminating = true;
    made[3].node_keys = {"rack", "zone"};
    made[3].of = MakePod("asks").tolerate("other", "Exists", "", "").pod;
    made[3].honour_taints = true;
    return made;
  }
  void expect_same(const CountQuery& asked) {
    const PodCount& count = *table.counts().count(asked);
    for (const NodeInfo* node : table.nodes()) {
      const api::Str* value = node->node->metadata.labels.find(asked.topology_key);
      ASSERT_EQ(value != nullptr, count.domain_of(*node) != no_domain);
      if (!value) continue;
      int expected_pods = 0, expected_nodes = 0;
      for (const NodeInfo* other : table.nodes()) {
        const api::Str* theirs = other->node->metadata.labels.find(asked.topology_key);
        if (!theirs || *theirs != *value || !count.includes(*other)) continue;
        ++expected_nodes;
        for (const PodInfoPtr& pod : other->pods) expected_pods += count.includes(*pod->pod, nullptr);
      }
      ASSERT_EQ(count.pods().at(count.domain_of(*node)), expected_pods) << asked.id << " on " << node->name().str();
      ASSERT_EQ(count.nodes().at(count.domain_of(*node)), expected_nodes) << asked.id << " on " << node->name().str();
    }
  }
  void expect_terms_same(const MakePod& pod) {
    for (const TermGroup* group : table.counts().terms_matching(TermKind::anti_required, *pod.pod)) {
      for (const NodeInfo* node : table.nodes()) {
        const api::Str* value = node->node->metadata.labels.find(group->term.topology_key);
        int expected = 0;
        for (const NodeInfo* other : table.nodes()) {
          const api::Str* theirs = other->node->metadata.labels.find(group->term.topology_key);
          if (!value || !theirs || *theirs != *value) continue;
          for (const PodInfoPtr& there : other->pods)
            expected += times(*there, group->term.id);
        }
        ASSERT_EQ(group->counts.at(node->domain(group->slot)), expected) << group->term.id << " on " << node->name().str();
      }
    }
  }
};

TEST_F(PodCountsTest, AreWhatCountingAgainWouldGive) {
  const std::vector<CountQuery> asked = queries();
  for (int step = 0; step < 3000; ++step) {
    change();
    for (const CountQuery& one : asked) ASSERT_NO_FATAL_FAILURE(expect_same(one)) << "after step " << step;
    ASSERT_NO_FATAL_FAILURE(expect_terms_same(MakePod("x").label("app", "a").in("one"))) << "after step " << step;
    // Now and then all are forgotten, and their topologies' places given to others.
    if (step % 100 == 99) {
      for (int i = 0; i < 3; ++i) table.counts().count(query("other " + std::to_string(i), matcher("one", "app=c"), i ? "rack" : "zone"));
      table.counts().trim(2);
    }
  }
}

TEST_F(PodCountsTest, ThoseNotAskedForLongestAreDropped) {
  set_node("n0");
  for (int i = 0; i < 10; ++i) table.counts().count(query(std::to_string(i), matcher("one", "app=a"), "zone"));
  table.counts().count(query("0", matcher("one", "app=a"), "zone"));
  table.counts().trim(10);
  EXPECT_EQ(table.counts().counts(), 10u);
  table.counts().count(query("10", matcher("one", "app=a"), "zone"));
  table.counts().trim(10);
  EXPECT_EQ(table.counts().counts(), 6u);
  table.counts().trim(0);
  EXPECT_EQ(table.counts().counts(), 6u) << "nothing has come since";
}

TEST(Topologies, GiveNumbersAgain) {
  Topologies topologies;
  const auto zone = topologies.use("zone");
  EXPECT_TRUE(zone.is_new);
  EXPECT_FALSE(topologies.use("zone").is_new);
  NodeDomains one, two;
  topologies.set(one, {{"zone", "z1"}});
  topologies.set(two, {{"zone", "z2"}});
  EXPECT_NE(one[zone.slot], two[zone.slot]);
  const Domain first = one[zone.slot];
  topologies.clear(one);
  topologies.set(one, {{"zone", "z3"}});
  EXPECT_EQ(one[zone.slot], first);
  NodeDomains three;
  topologies.set(three, {{"zone", "z3"}});
  EXPECT_EQ(three[zone.slot], first);
  topologies.release(zone.slot);
  topologies.release(zone.slot);
  const auto rack = topologies.use("rack");
  EXPECT_TRUE(rack.is_new);
  EXPECT_EQ(rack.slot, zone.slot);
  topologies.start(rack.slot, one, {{"zone", "z3"}});
  EXPECT_EQ(one[rack.slot], no_domain);
}

}  // namespace
}  // namespace plumb::scheduler
