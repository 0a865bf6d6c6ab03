#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {
namespace {

TEST(NodeResourcesBalancedAllocation, PrefersEvenUse) {
  PluginTable plugin("NodeResourcesBalancedAllocation");
  const auto even = MakeNode("a", {{"cpu", "6"}, {"memory", "10000"}}), uneven = MakeNode("b", {{"cpu", "4"}, {"memory", "10000"}});
  using Scores = std::vector<std::int64_t>;
  EXPECT_EQ(plugin.scores(MakePod().container({{"cpu", "3"}, {"memory", "5000"}}), {even, uneven}), (Scores{100, 87}));
  EXPECT_EQ(plugin.scores(MakePod().container(), {even}), Scores{});
  EXPECT_EQ(plugin.scores(MakePod().container({{"cpu", "1"}}), {MakeNode("c", {{"cpu", "2"}})}), (Scores{100}));
}

}  // namespace
}  // namespace plumb::scheduler::testing
