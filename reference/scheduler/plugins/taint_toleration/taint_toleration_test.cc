#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {
namespace {

TEST(TaintToleration, Filter) {
  struct Row {
    std::string about;
    MakePod pod;
    MakeNode node;
    bool fits;
  };
  const Row rows[] = {
      {"no taints", MakePod(), MakeNode(), true},
      {"NoSchedule keeps out", MakePod(), MakeNode().taint("k", "v", "NoSchedule"), false},
      {"NoExecute keeps out", MakePod(), MakeNode().taint("k", "v", "NoExecute"), false},
      {"PreferNoSchedule does not", MakePod(), MakeNode().taint("k", "v", "PreferNoSchedule"), true},
      {"equal value", MakePod().tolerate("k", "Equal", "v", "NoSchedule"), MakeNode().taint("k", "v", "NoSchedule"), true},
      {"no operator means equal", MakePod().tolerate("k", "", "v", "NoSchedule"), MakeNode().taint("k", "v", "NoSchedule"), true},
      {"other value", MakePod().tolerate("k", "Equal", "w", "NoSchedule"), MakeNode().taint("k", "v", "NoSchedule"), false},
      {"other key", MakePod().tolerate("j", "Exists", "", "NoSchedule"), MakeNode().taint("k", "v", "NoSchedule"), false},
      {"other effect", MakePod().tolerate("k", "Exists", "", "NoExecute"), MakeNode().taint("k", "v", "NoSchedule"), false},
      {"any effect", MakePod().tolerate("k", "Exists", "", ""), MakeNode().taint("k", "v", "NoSchedule"), true},
      {"everything", MakePod().tolerate("", "Exists", "", ""), MakeNode().taint("k", "v", "NoExecute"), true},
      {"one of two", MakePod().tolerate("k", "Exists", "", ""), MakeNode().taint("k", "v", "NoSchedule").taint("l", "", "NoSchedule"), false},
      {"greater", MakePod().tolerate("k", "Gt", "5", ""), MakeNode().taint("k", "6", "NoSchedule"), true},
      {"not greater", MakePod().tolerate("k", "Gt", "5", ""), MakeNode().taint("k", "5", "NoSchedule"), false},
      {"less", MakePod().tolerate("k", "Lt", "5", ""), MakeNode().taint("k", "4", "NoSchedule"), true},
      {"not a number", MakePod().tolerate("k", "Lt", "5", ""), MakeNode().taint("k", "x", "NoSchedule"), false},
  };
  PluginTable plugin("TaintToleration");
  const PluginTable::Answer refused{Code::unschedulable_and_unresolvable, "node(s) had untolerated taint(s)"};
  for (const Row& row : rows) EXPECT_EQ(plugin.filter(row.pod, row.node), row.fits ? PluginTable::Answer{} : refused) << row.about;
}

TEST(TaintToleration, FewerTaintsThatAskToBeAvoidedScoreHigher) {
  PluginTable plugin("TaintToleration");
  const auto none = MakeNode("a");
  const auto one = MakeNode("b").taint("k", "", "PreferNoSchedule");
  const auto two = MakeNode("c").taint("k", "", "PreferNoSchedule").taint("l", "", "PreferNoSchedule");
  using Scores = std::vector<std::int64_t>;
  EXPECT_EQ(plugin.scores(MakePod(), {none, one, two}), (Scores{100, 50, 0}));
  EXPECT_EQ(plugin.scores(MakePod().tolerate("k", "Exists", "", ""), {none, one, two}), (Scores{100, 100, 0}));
  EXPECT_EQ(plugin.scores(MakePod().tolerate("k", "Exists", "", "NoSchedule"), {none, one, two}), (Scores{100, 50, 0}));
  EXPECT_EQ(plugin.scores(MakePod(), {none, none}), Scores{});
}

}  // namespace
}  // namespace plumb::scheduler::testing
