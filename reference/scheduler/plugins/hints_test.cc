// Which changes make a pod that a plugin has refused worth another try.
#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {
namespace {

using Node = std::shared_ptr<const corev1::Node>;

struct Hints : ::testing::Test {
  NodeTable table;
  const Handle handle{table, nullptr};
  std::unique_ptr<Plugin> plugin;

  void ask(const std::string& name) {
    plugin = Registry<Plugin>::make(name);
    plugin->attach(handle);
  }
  bool node(const MakePod& waiting, const Node& before, const Node& after) {
    return plugin->helps(PodInfo(waiting.pod), {event::any, before, after, nullptr, nullptr});
  }
  bool pod(const MakePod& waiting, const std::shared_ptr<const corev1::Pod>& before, const std::shared_ptr<const corev1::Pod>& after) {
    const Events events = !before ? event::pod_assigned : !after ? event::pod_removed : event::pod_label | event::pod_scaled_down;
    const auto info = [](const auto& of) { return of ? std::make_shared<const PodInfo>(of) : nullptr; };
    return plugin->helps(PodInfo(waiting.pod), {events, nullptr, nullptr, info(before), info(after)});
  }
};

TEST_F(Hints, NodeResourcesFit) {
  ask("NodeResourcesFit");
  const auto waiting = MakePod("p").container({{"cpu", "2"}});
  const auto with = [](std::string_view cpu, std::string_view memory = "1Gi", std::string_view pods = "10") {
    return MakeNode("n", {{"cpu", std::string(cpu)}, {"memory", std::string(memory)}, {"pods", std::string(pods)}}).node;
  };
  EXPECT_TRUE(node(waiting, nullptr, with("2")));
  EXPECT_FALSE(node(waiting, nullptr, with("1"))) << "too small even when it is empty";
  EXPECT_FALSE(node(waiting, nullptr, with("2", "1Gi", "0")));
  EXPECT_TRUE(node(waiting, with("2"), with("3")));
  EXPECT_FALSE(node(waiting, with("2"), with("2", "8Gi"))) << "more of what the pod does not ask for";
  EXPECT_TRUE(node(waiting, with("2"), with("2", "1Gi", "20")));
  const auto other = [](std::string_view cpu, std::string_view memory) { return MakePod("o").container({{"cpu", std::string(cpu)}, {"memory", std::string(memory)}}).on("n").pod; };
  EXPECT_TRUE(pod(waiting, other("1", "1"), nullptr)) << "from a node that is not known";
  EXPECT_TRUE(pod(waiting, other("2", "1"), other("1", "1")));
  EXPECT_FALSE(pod(waiting, other("1", "2"), other("1", "1")));
}

TEST_F(Hints, NodeResourcesFitWhenAPodHasGone) {
  ask("NodeResourcesFit");
  table.set_node(MakeNode("n", {{"cpu", "4"}, {"memory", "8Gi"}, {"pods", "10"}}).node);
  table.set_node(MakeNode("m", {{"cpu", "4"}, {"memory", "8Gi"}, {"pods", "10"}}).node);
  table.set_pod(MakePod("left").container({{"cpu", "3"}}).priority(5).on("n").pod);
  const auto helps = [&](const MakePod& waiting, std::string_view node) {
    const auto gone = std::make_shared<const PodInfo>(MakePod("gone").container({{"cpu", "1"}}).pod);
    return plugin->helps(PodInfo(waiting.pod), {.events = event::pod_removed, .pod_before = gone, .node_name = std::string(node)});
  };
  const auto wants = [](std::string_view cpu, std::int32_t priority = 0) { return MakePod("p").container({{"cpu", std::string(cpu)}}).priority(priority); };
  EXPECT_TRUE(helps(wants("1"), "n"));
  EXPECT_FALSE(helps(wants("2"), "n")) << "not enough is free yet";
  EXPECT_FALSE(helps(wants("2", 5), "n"));
  EXPECT_TRUE(helps(wants("2", 6), "n")) << "the one that is left may have to go";
  EXPECT_FALSE(helps(wants("5", 6), "n")) << "more than the node has";
  EXPECT_FALSE(helps(wants("1"), "elsewhere")) << "the node has gone, too";

  table.nominations.set(std::make_shared<PodInfo>(wants("2", 6).pod), "m");
  EXPECT_FALSE(helps(wants("2", 6), "n")) << "it waits for room on another";
  EXPECT_TRUE(helps(wants("1", 6), "n")) << "but takes what is there";
  table.nominations.set(std::make_shared<PodInfo>(wants("2", 6).pod), "n");
  EXPECT_TRUE(helps(wants("2", 6), "n"));
  table.nominations.set(std::make_shared<PodInfo>(wants("2", 6).pod), "elsewhere");
  EXPECT_TRUE(helps(wants("2", 6), "elsewhere")) << "it waits in vain";
}

TEST_F(Hints, NodeAffinity) {
  ask("NodeAffinity");
  const auto waiting = MakePod("p").select("zone", "z1");
  EXPECT_TRUE(node(waiting, nullptr, MakeNode().label("zone", "z1")));
  EXPECT_FALSE(node(waiting, nullptr, MakeNode().label("zone", "z2")));
  EXPECT_TRUE(node(waiting, MakeNode().label("zone", "z2"), MakeNode().label("zone", "z1")));
  EXPECT_FALSE(node(waiting, MakeNode().label("zone", "z1"), MakeNode().label("zone", "z1").label("a", "b"))) << "it matched before";
}

TEST_F(Hints, TaintToleration) {
  ask("TaintToleration");
  const auto tainted = MakeNode().taint("k", "v", "NoSchedule");
  EXPECT_TRUE(node(MakePod(), tainted, MakeNode()));
  EXPECT_FALSE(node(MakePod(), nullptr, tainted));
  EXPECT_FALSE(node(MakePod(), MakeNode(), MakeNode().taint("k", "v", "PreferNoSchedule")));
  EXPECT_TRUE(node(MakePod().tolerate("k", "Exists", "", ""), nullptr, tainted));
}

TEST_F(Hints, NodeUnschedulable) {
  ask("NodeUnschedulable");
  EXPECT_TRUE(node(MakePod(), MakeNode().unschedulable(), MakeNode()));
  EXPECT_TRUE(node(MakePod(), nullptr, MakeNode()));
  EXPECT_FALSE(node(MakePod(), nullptr, MakeNode().unschedulable()));
  EXPECT_FALSE(node(MakePod(), MakeNode(), MakeNode().label("a", "b")));
}

TEST_F(Hints, NodePorts) {
  ask("NodePorts");
  EXPECT_TRUE(pod(MakePod("p").host_port(80), MakePod("o").host_port(80).on("n"), nullptr));
  EXPECT_FALSE(pod(MakePod("p").host_port(80), MakePod("o").host_port(81).on("n"), nullptr));
  EXPECT_TRUE(node(MakePod("p").host_port(80), nullptr, MakeNode()));
}

TEST_F(Hints, InterPodAffinity) {
  ask("InterPodAffinity");
  const auto db = MakePod("o").label("app", "db").on("n"), web = MakePod("o").label("app", "web").on("n");
  const auto beside = MakePod("p").beside("app", "db", "zone"), apart = MakePod("p").apart_from("app", "db", "zone");
  EXPECT_TRUE(pod(beside, nullptr, db));
  EXPECT_FALSE(pod(beside, nullptr, web));
  EXPECT_FALSE(pod(beside, db, nullptr));
  EXPECT_TRUE(pod(beside, web, db));
  EXPECT_TRUE(pod(apart, db, nullptr));
  EXPECT_TRUE(pod(apart, db, web));
  EXPECT_FALSE(pod(apart, web, nullptr));
  EXPECT_FALSE(pod(apart, nullptr, web));
  EXPECT_TRUE(pod(MakePod("p").label("app", "db"), MakePod("o").apart_from("app", "db", "zone").on("n"), nullptr)) << "it stood in the way";
  EXPECT_TRUE(node(beside, nullptr, MakeNode().label("zone", "z")));
  EXPECT_FALSE(node(beside, nullptr, MakeNode().label("rack", "r")));
}

TEST_F(Hints, PodTopologySpread) {
  ask("PodTopologySpread");
  const auto waiting = MakePod("p").label("app", "web").spread(1, "zone", "app", "web");
  EXPECT_TRUE(pod(waiting, nullptr, MakePod("o").label("app", "web").on("n")));
  EXPECT_TRUE(pod(waiting, MakePod("o").label("app", "web").on("n"), nullptr));
  EXPECT_FALSE(pod(waiting, nullptr, MakePod("o").label("app", "db").on("n")));
  EXPECT_FALSE(pod(waiting, nullptr, MakePod("o").label("app", "web").in("elsewhere").on("n")));
  EXPECT_TRUE(node(waiting, MakeNode().label("zone", "z"), nullptr));
  EXPECT_FALSE(node(waiting, nullptr, MakeNode()));
}

}  // namespace
}  // namespace plumb::scheduler::testing
