#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {
namespace {

TEST(NodeAffinity, Filter) {
  struct Row {
    std::string about;
    MakePod pod;
    bool fits;
  };
  const auto node = MakeNode("a").label("zone", "z1").label("size", "10");
  const Row rows[] = {
      {"asks for nothing", MakePod(), true},
      {"selector matches", MakePod().select("zone", "z1"), true},
      {"selector differs", MakePod().select("zone", "z2"), false},
      {"selector of an absent label", MakePod().select("disk", "ssd"), false},
      {"In", MakePod().require({requirement("zone", "In", {"z0", "z1"})}), true},
      {"not In", MakePod().require({requirement("zone", "In", {"z0"})}), false},
      {"NotIn", MakePod().require({requirement("zone", "NotIn", {"z0"})}), true},
      {"NotIn of an absent label", MakePod().require({requirement("disk", "NotIn", {"ssd"})}), true},
      {"Exists", MakePod().require({requirement("zone", "Exists")}), true},
      {"DoesNotExist", MakePod().require({requirement("zone", "DoesNotExist")}), false},
      {"Gt", MakePod().require({requirement("size", "Gt", {"9"})}), true},
      {"Gt itself", MakePod().require({requirement("size", "Gt", {"10"})}), false},
      {"Lt", MakePod().require({requirement("size", "Lt", {"11"})}), true},
      {"Gt of no number", MakePod().require({requirement("zone", "Gt", {"1"})}), false},
      {"all of a term", MakePod().require({requirement("zone", "Exists"), requirement("disk", "Exists")}), false},
      {"any of the terms", MakePod().require({requirement("disk", "Exists")}).require({requirement("zone", "Exists")}), true},
      {"an empty term matches nothing", MakePod().require({}), false},
      {"selector and affinity", MakePod().select("zone", "z2").require({requirement("zone", "Exists")}), false},
      {"by name", MakePod().require({}, {requirement("metadata.name", "In", {"a"})}), true},
      {"not by name", MakePod().require({}, {requirement("metadata.name", "NotIn", {"a"})}), false},
      {"by another field", MakePod().require({}, {requirement("metadata.uid", "In", {"a"})}), false},
  };
  PluginTable plugin("NodeAffinity");
  const PluginTable::Answer refused{Code::unschedulable_and_unresolvable, "node(s) didn't match Pod's node affinity/selector"};
  for (const Row& row : rows) EXPECT_EQ(plugin.filter(row.pod, node), row.fits ? PluginTable::Answer{} : refused) << row.about;
  EXPECT_EQ(plugin.filter(MakePod().require({}, {requirement("metadata.name", "In", {"a"}), requirement("metadata.name", "In", {"b"})}), node),
            (PluginTable::Answer{Code::unschedulable_and_unresolvable, "pod affinity terms conflict"}));
}

TEST(NodeAffinity, TheConfigurationMayAddToAllPods) {
  ClusterTable cluster("NodeAffinity", R"(addedAffinity:
  requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: Exists}]}]}
  preferredDuringSchedulingIgnoredDuringExecution: [{weight: 5, preference: {matchExpressions: [{key: disk, operator: In, values: [ssd]}]}}]
)");
  cluster.add(MakeNode("a").label("zone", "z")).add(MakeNode("b").label("zone", "z").label("disk", "ssd")).add(MakeNode("c"));
  const std::string enforced = "node(s) didn't match scheduler-enforced node affinity";
  EXPECT_EQ(cluster.filter(MakePod()), (ClusterTable::Reasoned{{"a", ""}, {"b", ""}, {"c", enforced}}));
  EXPECT_EQ(cluster.filter(MakePod().select("disk", "ssd"))["a"], "node(s) didn't match Pod's node affinity/selector");
  EXPECT_EQ(cluster.scores(MakePod()), (std::map<std::string, std::int64_t>{{"a", 0}, {"b", 100}, {"c", 0}}));
}

TEST(NodeAffinity, PreferredTermsScoreByWeight) {
  PluginTable plugin("NodeAffinity");
  const auto pod = MakePod().prefer(2, {requirement("zone", "Exists")}).prefer(6, {requirement("disk", "In", {"ssd"})});
  using Scores = std::vector<std::int64_t>;
  EXPECT_EQ(plugin.scores(pod, {MakeNode("a"), MakeNode("b").label("zone", "z"), MakeNode("c").label("zone", "z").label("disk", "ssd")}),
            (Scores{0, 25, 100}));
  EXPECT_EQ(plugin.scores(MakePod(), {MakeNode("a")}), Scores{});
}

}  // namespace
}  // namespace plumb::scheduler::testing
