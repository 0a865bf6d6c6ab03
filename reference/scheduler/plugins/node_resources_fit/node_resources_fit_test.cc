#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {
namespace {

const Amounts allocatable = {{"cpu", "2"}, {"memory", "4Gi"}, {"ephemeral-storage", "10Gi"}, {"example.com/gpu", "2"}, {"pods", "2"}};

TEST(NodeResourcesFit, Filter) {
  struct Row {
    std::string about;
    MakePod pod;
    std::vector<std::shared_ptr<const corev1::Pod>> others;
    Code code;
    std::string reason;
  };
  const auto half = MakePod("half").container({{"cpu", "1"}, {"memory", "2Gi"}, {"ephemeral-storage", "5Gi"}, {"example.com/gpu", "1"}});
  const Row rows[] = {
      {"asks for nothing", MakePod().container(), {}, Code::success, ""},
      {"exactly fits", MakePod().container({{"cpu", "1"}, {"memory", "2Gi"}}), {half}, Code::success, ""},
      {"cpu", MakePod().container({{"cpu", "1001m"}}), {half}, Code::unschedulable, "Insufficient cpu"},
      {"cpu that no node of this size has", MakePod().container({{"cpu", "3"}}), {}, Code::unschedulable_and_unresolvable, "Insufficient cpu"},
      {"memory", MakePod().container({{"memory", "3Gi"}}), {half}, Code::unschedulable, "Insufficient memory"},
      {"ephemeral storage", MakePod().container({{"ephemeral-storage", "6Gi"}}), {half}, Code::unschedulable, "Insufficient ephemeral-storage"},
      {"extended resource", MakePod().container({{"example.com/gpu", "2"}}), {half}, Code::unschedulable, "Insufficient example.com/gpu"},
      {"unknown resource", MakePod().container({{"example.com/tpu", "1"}}), {}, Code::unschedulable_and_unresolvable, "Insufficient example.com/tpu"},
      {"number of pods", MakePod().container(), {half, MakePod("second").container()}, Code::unschedulable, "Too many pods"},
      {"several", MakePod().container({{"cpu", "2"}, {"memory", "3Gi"}}), {half}, Code::unschedulable, "Insufficient cpu; Insufficient memory"},
      {"containers add up", MakePod().container({{"cpu", "1500m"}}).container({{"cpu", "600m"}}), {}, Code::unschedulable_and_unresolvable, "Insufficient cpu"},
      {"init containers do not", MakePod().container({{"cpu", "1500m"}}).init({{"cpu", "2"}}), {}, Code::success, ""},
      {"but each must fit", MakePod().container().init({{"cpu", "3"}}), {}, Code::unschedulable_and_unresolvable, "Insufficient cpu"},
      {"sidecars add up", MakePod().container({{"cpu", "1500m"}}).init({{"cpu", "600m"}}, true), {}, Code::unschedulable_and_unresolvable, "Insufficient cpu"},
      {"an init container runs beside the sidecars before it", MakePod().container().init({{"cpu", "1"}}, true).init({{"cpu", "1500m"}}), {},
       Code::unschedulable_and_unresolvable, "Insufficient cpu"},
      {"not beside the ones after it", MakePod().container().init({{"cpu", "1500m"}}).init({{"cpu", "1"}}, true), {}, Code::success, ""},
  };
  PluginTable plugin("NodeResourcesFit");
  for (const Row& row : rows)
    EXPECT_EQ(plugin.filter(row.pod, MakeNode("n", allocatable), row.others), (PluginTable::Answer{row.code, row.reason})) << row.about;
}

TEST(NodeResourcesFit, OverheadAndRequestsOfThePodAsAWhole) {
  auto overhead = MakePod().container({{"cpu", "2"}});
  overhead.pod->spec.overhead = amounts({{"cpu", "1m"}});
  PluginTable plugin("NodeResourcesFit");
  EXPECT_EQ(plugin.filter(overhead, MakeNode("n", allocatable)).reason, "Insufficient cpu");
  auto whole = MakePod().container({{"cpu", "1"}});
  whole.pod->spec.resources.ensure().requests = amounts({{"cpu", "3"}});
  EXPECT_EQ(plugin.filter(whole, MakeNode("n", allocatable)).reason, "Insufficient cpu");
}

TEST(NodeResourcesFit, PrefersTheNodeWithMoreLeft) {
  PluginTable plugin("NodeResourcesFit");
  const auto small = MakeNode("a", {{"cpu", "4"}, {"memory", "10000"}}), large = MakeNode("b", {{"cpu", "6"}, {"memory", "10000"}});
  using Scores = std::vector<std::int64_t>;
  EXPECT_EQ(plugin.scores(MakePod().container({{"cpu", "3"}, {"memory", "5000"}}), {small, large}), (Scores{(25 + 50) / 2, (50 + 50) / 2}));
  // What asks for nothing counts as a little.
  EXPECT_EQ(plugin.scores(MakePod().container(), {MakeNode("c", {{"cpu", "1"}, {"memory", "2000Mi"}})}), (Scores{90}));
  EXPECT_EQ(plugin.scores(MakePod().container(), {MakeNode("d", {})}), (Scores{0}));
}

}  // namespace
}  // namespace plumb::scheduler::testing
