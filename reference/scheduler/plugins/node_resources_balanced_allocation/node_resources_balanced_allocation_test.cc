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

TEST(NodeResourcesBalancedAllocation, BalancesTheResourcesItIsTold) {
  ClusterTable cluster("NodeResourcesBalancedAllocation", "resources: [{name: cpu}, {name: memory}, {name: example.com/gpu}]");
  cluster.add(MakeNode("a", {{"cpu", "10"}, {"memory", "1000"}, {"example.com/gpu", "10"}})).add(MakeNode("b", {{"cpu", "10"}, {"memory", "1000"}, {"example.com/gpu", "4"}}));
  using Scores = std::map<std::string, std::int64_t>;
  // Shares 0.2, 0.2, 0.2; and 0.2, 0.2, 0.5, whose deviation is 0.141.
  EXPECT_EQ(cluster.scores(MakePod().container({{"cpu", "2"}, {"memory", "200"}, {"example.com/gpu", "2"}})), (Scores{{"a", 100}, {"b", 85}}));
  // What the pod does not ask for is left out.
  EXPECT_EQ(cluster.scores(MakePod().container({{"cpu", "2"}, {"memory", "600"}})), (Scores{{"a", 80}, {"b", 80}}));
  EXPECT_EQ(cluster.scores(MakePod().container({{"example.com/tpu", "2"}})), Scores());
}

}  // namespace
}  // namespace plumb::scheduler::testing
