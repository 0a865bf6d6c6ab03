#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {
namespace {

TEST(NodeUnschedulable, Filter) {
  PluginTable plugin("NodeUnschedulable");
  const PluginTable::Answer refused{Code::unschedulable_and_unresolvable, "node(s) were unschedulable"};
  EXPECT_EQ(plugin.filter(MakePod(), MakeNode()), (PluginTable::Answer{}));
  EXPECT_EQ(plugin.filter(MakePod(), MakeNode().unschedulable()), refused);
  EXPECT_EQ(plugin.filter(MakePod().tolerate("node.kubernetes.io/unschedulable", "Exists", "", "NoSchedule"), MakeNode().unschedulable()),
            (PluginTable::Answer{}));
  EXPECT_EQ(plugin.filter(MakePod().tolerate("node.kubernetes.io/unschedulable", "Exists", "", "NoExecute"), MakeNode().unschedulable()), refused);
}

}  // namespace
}  // namespace plumb::scheduler::testing
