#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {
namespace {

TEST(NodeName, Filter) {
  PluginTable plugin("NodeName");
  EXPECT_EQ(plugin.filter(MakePod(), MakeNode("a")), (PluginTable::Answer{}));
  EXPECT_EQ(plugin.filter(MakePod().on("a"), MakeNode("a")), (PluginTable::Answer{}));
  EXPECT_EQ(plugin.filter(MakePod().on("b"), MakeNode("a")),
            (PluginTable::Answer{Code::unschedulable_and_unresolvable, "node(s) didn't match the requested node name"}));
}

}  // namespace
}  // namespace plumb::scheduler::testing
