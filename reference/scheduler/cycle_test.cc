#include "reference/scheduler/cycle.h"

#include <map>

#include "reference/scheduler/testing.h"

namespace plumb::scheduler {
namespace {

using namespace plumb::scheduler::testing;

struct CycleTest : ::testing::Test {
  VirtualClock clock;
  std::unique_ptr<Profile> profile = std::move(*Profile::make({}));
  NodeTable table;

  void nodes(int count) {
    for (int i = 0; i < count; ++i) table.set_node(MakeNode("n" + std::to_string(i)).node);
  }
  Cycle cycle(std::uint64_t seed = 1) { return Cycle(*profile, table, clock, seed); }
};

TEST(NodesToFind, FollowsUpstreamsRule) {
  EXPECT_EQ(nodes_to_find(10, 0), 10u);
  EXPECT_EQ(nodes_to_find(99, 5), 99u);
  EXPECT_EQ(nodes_to_find(1000, 0), 420u);
  EXPECT_EQ(nodes_to_find(1000, 40), 400u);
  EXPECT_EQ(nodes_to_find(5000, 0), 500u);
  EXPECT_EQ(nodes_to_find(6000, 0), 300u);
  EXPECT_EQ(nodes_to_find(15000, 0), 750u);
  EXPECT_EQ(nodes_to_find(200, 10), 100u);
}

TEST_F(CycleTest, AsksOnlyAsManyNodesAsItNeedsAndAllInTurn) {
  nodes(1000);
  Cycle one = cycle();
  std::map<std::string, int> chosen;
  for (int i = 0; i < 200; ++i) {
    const Decision decision = one.run(PodInfo(MakePod().container()));
    ASSERT_TRUE(decision.node);
    EXPECT_EQ(decision.evaluated, 420u);
    ++chosen[decision.node->name().str()];
  }
  EXPECT_GT(chosen.size(), 150u);
}

TEST_F(CycleTest, TheSameSeedChoosesTheSame) {
  nodes(50);
  Cycle one = cycle(7), two = cycle(7);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(one.run(PodInfo(MakePod().container())).node, two.run(PodInfo(MakePod().container())).node);
}

TEST_F(CycleTest, AsksOnlyTheNodesThatThePodNames) {
  nodes(300);
  const auto pod = MakePod().container().require({}, {requirement("metadata.name", "In", {"n7"})});
  const Decision decision = cycle().run(PodInfo(pod));
  EXPECT_EQ(decision.node, table.find("n7"));
  EXPECT_EQ(decision.evaluated, 1u);
}

TEST_F(CycleTest, CountsTheNodesThatWereNotAsked) {
  nodes(3);
  table.set_node(MakeNode("n1").unschedulable().node);
  const auto pod = MakePod().container().require({}, {requirement("metadata.name", "In", {"n1"})});
  const Decision decision = cycle().run(PodInfo(pod));
  EXPECT_EQ(decision.code, Code::unschedulable);
  EXPECT_EQ(decision.message, "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]. preemption: 0/3 nodes are "
            "available: 3 Preemption is not helpful for scheduling.");
  EXPECT_EQ(decision.refusers.events, event::node_added | event::node_taint | event::node_label);
}

TEST_F(CycleTest, PrefersTheEmptierNode) {
  nodes(2);
  table.set_pod(MakePod("other").container({{"cpu", "2"}, {"memory", "4Gi"}}).on("n0").pod);
  EXPECT_EQ(cycle().run(PodInfo(MakePod().container({{"cpu", "1"}, {"memory", "1Gi"}}))).node, table.find("n1"));
}

TEST(NodeTable, KeepsCountOfAssumedConfirmedAndForgottenPods) {
  NodeTable table;
  EXPECT_EQ(table.set_node(MakeNode("a").node).events, event::node_added);
  const auto pod = std::make_shared<PodInfo>(MakePod("p").container({{"cpu", "1"}}).pod);
  EXPECT_TRUE(table.assume(pod, "a"));
  EXPECT_FALSE(table.assume(pod, "a"));
  EXPECT_EQ(table.find("a")->requested.cpu, 1000);
  EXPECT_TRUE(table.forget("uid-p"));
  EXPECT_EQ(table.find("a")->requested, Resources());
  table.assume(pod, "a");
  EXPECT_EQ(table.set_pod(MakePod("p").container({{"cpu", "1"}}).on("a").pod).events, event::pod_assigned);
  EXPECT_FALSE(table.forget("uid-p"));
  EXPECT_EQ(table.find("a")->requested.cpu, 1000);
  EXPECT_EQ(table.set_pod(MakePod("p").container({{"cpu", "500m"}}).on("a").pod).events, event::pod_scaled_down);
  EXPECT_EQ(table.find("a")->requested.cpu, 500);
  EXPECT_EQ(table.remove_pod("uid-p").events, event::pod_removed);
  EXPECT_EQ(table.remove_pod("uid-p").events, 0u);
  EXPECT_EQ(table.find("a")->pods.size(), 0u);
}

TEST(NodeTable, FollowsAPodThatWasBoundElsewhere) {
  NodeTable table;
  table.set_node(MakeNode("a").node);
  table.set_node(MakeNode("b").node);
  table.assume(std::make_shared<PodInfo>(MakePod("p").container({{"cpu", "1"}}).pod), "a");
  table.set_pod(MakePod("p").container({{"cpu", "1"}}).on("b").pod);
  EXPECT_EQ(table.find("a")->requested.cpu, 0);
  EXPECT_EQ(table.find("b")->requested.cpu, 1000);
  EXPECT_EQ(table.assumed(), 0u);
}

TEST(NodeTable, RemembersPodsOfANodeThatIsNotThere) {
  NodeTable table;
  table.set_pod(MakePod("p").container({{"cpu", "1"}}).on("a").pod);
  EXPECT_EQ(table.find("a"), nullptr);
  table.set_node(MakeNode("a").node);
  EXPECT_EQ(table.find("a")->requested.cpu, 1000);
  table.set_node(MakeNode("b").node);
  table.remove_node("a");
  EXPECT_EQ(table.nodes(), std::vector<NodeInfo*>{const_cast<NodeInfo*>(table.find("b"))});
  table.remove_pod("uid-p");
  table.set_node(MakeNode("a").node);
  EXPECT_EQ(table.find("a")->requested.cpu, 0);
}

TEST(NodeTable, SaysWhatAChangeOfANodeMayMean) {
  NodeTable table;
  table.set_node(MakeNode("a").node);
  const auto generation = table.find("a")->generation;
  auto heartbeat = MakeNode("a");
  heartbeat.node->status.conditions.emplace_back().type = "Ready";
  EXPECT_EQ(table.set_node(heartbeat.node).events, 0u);
  EXPECT_EQ(table.find("a")->generation, generation);
  EXPECT_EQ(table.set_node(MakeNode("a").label("k", "v").node).events, event::node_label);
  EXPECT_EQ(table.set_node(MakeNode("a").label("k", "v").unschedulable().node).events, event::node_taint);
  EXPECT_EQ(table.set_node(MakeNode("a", {{"cpu", "9"}, {"pods", "1"}}).label("k", "v").node).events, event::node_allocatable | event::node_taint);
  EXPECT_GT(table.find("a")->generation, generation);
}

}  // namespace
}  // namespace plumb::scheduler
