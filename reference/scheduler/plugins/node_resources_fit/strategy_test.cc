#include "reference/scheduler/plugins/node_resources_fit/strategy.h"

#include "reference/api/doc/yaml.h"
#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {
namespace {

ScoringStrategy strategy(std::string_view yaml) {
  ScoringStrategy made;
  const Status read = made.configure(DocReader(*api::parse_yaml(yaml), "args"));
  EXPECT_TRUE(read.ok()) << read.error().message;
  return made;
}

// Of a node with a pod on it already.
std::int64_t score(const ScoringStrategy& strategy, const Amounts& wants, const Amounts& allocatable, const Amounts& taken = {}) {
  NodeInfo node("n");
  node.set_node(MakeNode("n", allocatable).node);
  if (!taken.empty()) node.add_pod(std::make_shared<PodInfo>(MakePod("other").container(taken).pod));
  return strategy.score(PodInfo(MakePod("p").container(wants).pod), node);
}

const Amounts four = {{"cpu", "4"}, {"memory", "10000"}};

TEST(ScoringStrategy, LeastAllocatedByWeight) {
  const auto by_default = strategy("{}");
  EXPECT_EQ(score(by_default, {{"cpu", "3"}, {"memory", "5000"}}, four), (25 + 50) / 2);
  EXPECT_EQ(score(by_default, {{"cpu", "5"}, {"memory", "5000"}}, four), (0 + 50) / 2);
  const auto weighted = strategy("scoringStrategy: {type: LeastAllocated, resources: [{name: cpu, weight: 3}, {name: memory, weight: 1}]}");
  EXPECT_EQ(score(weighted, {{"cpu", "3"}, {"memory", "5000"}}, four), (3 * 25 + 50) / 4);
  EXPECT_EQ(score(weighted, {{"cpu", "1"}, {"memory", "5000"}}, four, {{"cpu", "2"}, {"memory", "1000"}}), (3 * 25 + 40) / 4);
}

TEST(ScoringStrategy, MostAllocatedPacks) {
  const auto most = strategy("scoringStrategy: {type: MostAllocated}");
  EXPECT_EQ(score(most, {{"cpu", "3"}, {"memory", "5000"}}, four), (75 + 50) / 2);
  EXPECT_EQ(score(most, {{"cpu", "9"}, {"memory", "5000"}}, four), (100 + 50) / 2);
  EXPECT_EQ(score(most, {{"cpu", "3"}, {"memory", "5000"}}, {}), 0);
}

TEST(ScoringStrategy, ScalarResourcesCountForPodsThatAskForThem) {
  const auto most = strategy("scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}, {name: example.com/gpu, weight: 3}]}");
  const Amounts node = {{"cpu", "4"}, {"example.com/gpu", "8"}};
  EXPECT_EQ(score(most, {{"cpu", "2"}, {"example.com/gpu", "2"}}, node, {{"cpu", "1"}, {"example.com/gpu", "4"}}), (75 + 3 * 75) / 4);
  EXPECT_EQ(score(most, {{"cpu", "2"}}, node, {{"cpu", "1"}, {"example.com/gpu", "4"}}), 75);
  EXPECT_EQ(score(most, {{"cpu", "2"}, {"example.com/gpu", "2"}}, {{"cpu", "4"}}), 50) << "the node has none";
}

TEST(ScoringStrategy, RequestedToCapacityRatioFollowsTheShape) {
  const auto packs = strategy("scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]}}");
  EXPECT_EQ(score(packs, {{"cpu", "3"}, {"memory", "5000"}}, four), 63) << "(75 + 50) / 2, rounded";
  const auto peak = strategy("scoringStrategy: {type: RequestedToCapacityRatio, resources: [{name: cpu}], requestedToCapacityRatio: {shape: "
                             "[{utilization: 25, score: 2}, {utilization: 50, score: 10}, {utilization: 75, score: 4}]}}");
  EXPECT_EQ(score(peak, {{"cpu", "400m"}}, four), 20);
  EXPECT_EQ(score(peak, {{"cpu", "1500m"}}, four), 20 + 80 * 12 / 25) << "37 % is between 25 and 50";
  EXPECT_EQ(score(peak, {{"cpu", "2"}}, four), 100);
  EXPECT_EQ(score(peak, {{"cpu", "4"}}, four), 40);
  EXPECT_EQ(score(peak, {{"cpu", "8"}}, four), 40);
}

TEST(ScoringStrategy, LargeAmountsDoNotOverflow) {
  const auto most = strategy("scoringStrategy: {type: MostAllocated, resources: [{name: memory}]}");
  EXPECT_EQ(score(most, {{"memory", "4Ei"}}, {{"memory", "5Ei"}}), 80);
}

TEST(NodeResourcesFit, LeavesIgnoredExtendedResourcesToOthers) {
  auto plugin = Registry<Plugin>::make("NodeResourcesFit");
  ASSERT_TRUE(plugin->configure(DocReader(*api::parse_yaml("{ignoredResources: [example.com/a, cpu], ignoredResourceGroups: [other.io]}"), "args")).ok());
  NodeInfo node("n");
  node.set_node(MakeNode("n").node);
  const auto reasons_for = [&](const Amounts& wants) {
    const PodInfo pod(MakePod("p").container(wants).pod);
    const PreFilterResult before = dynamic_cast<PreFilterPlugin&>(*plugin).pre_filter(pod);
    Reasons reasons;
    dynamic_cast<FilterPlugin&>(*plugin).filter(before.state.get(), pod, node, reasons);
    return std::vector<std::string>(reasons.begin(), reasons.end());
  };
  EXPECT_EQ(reasons_for({{"example.com/a", "1"}, {"other.io/b", "1"}}), std::vector<std::string>());
  EXPECT_EQ(reasons_for({{"example.com/b", "1"}}), std::vector<std::string>{"Insufficient example.com/b"});
  EXPECT_EQ(reasons_for({{"cpu", "5"}}), std::vector<std::string>{"Insufficient cpu"}) << "not an extended resource";
}

}  // namespace
}  // namespace plumb::scheduler::testing
