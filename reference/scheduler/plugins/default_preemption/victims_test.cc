#include "reference/scheduler/plugins/default_preemption/victims.h"

#include <gmock/gmock.h>

#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {
namespace {

using ::testing::ElementsAre;
using namespace std::chrono_literals;

MakePod pod(std::string_view name, std::int32_t priority, std::string_view cpu = "1", std::chrono::seconds started = 0s) {
  auto made = MakePod(name).priority(priority).container({{"cpu", std::string(cpu)}}).label("app", name).on("n");
  if (started > 0s) made.pod->status.startTime = api::Time::from(WallTime(started));
  return made;
}

std::shared_ptr<policyv1::PodDisruptionBudget> budget(std::string_view app, std::int32_t allowed) {
  auto made = std::make_shared<policyv1::PodDisruptionBudget>();
  made->metadata.namespace_ = "default";
  made->metadata.name = app;
  made->spec.selector.ensure().matchLabels.set("app", app);
  made->status.disruptionsAllowed = allowed;
  return made;
}

// One node with 4 cpu and all filters.
struct FindRoom : ::testing::Test {
  NodeTable table;
  std::unique_ptr<Profile> profile = std::move(*Profile::make({}));
  Handle handle{table, nullptr};
  Filters filters{*profile, table};

  void SetUp() override {
    profile->attach(handle);
    table.set_node(MakeNode("n").node);
  }
  RoomSearch search(const MakePod& wants, const Budgets& budgets = {}) {
    const PodInfo info(wants.pod);
    filters.begin(info);
    for (const auto& asked : profile->pre_filter) {
      PreFilterResult result = asked.plugin->pre_filter(info);
      if (result.verdict.code == Code::skip) filters.skip(asked.slot);
      else filters.keep(asked.slot, std::move(result.state));
    }
    filters.ready();
    const NodeInfo& node = *table.find("n");
    return find_room(info, node, *filters.try_on(node), budgets);
  }
  static std::vector<std::string> names(const Room& room) {
    std::vector<std::string> names;
    for (const PodInfoPtr& victim : room.victims) names.push_back(victim->pod->metadata.name.str());
    return names;
  }
};

TEST_F(FindRoom, TakesAsFewAndAsUnimportantPodsAsNeeded) {
  for (const auto& one : {pod("high", 5), pod("middle", 3), pod("low", 1), pod("lowest", 0)}) table.set_pod(one.pod);
  const auto wants = [](std::string_view cpu) { return MakePod("p").priority(10).container({{"cpu", std::string(cpu)}}); };
  EXPECT_THAT(names(search(wants("1")).room), ElementsAre("lowest"));
  EXPECT_THAT(names(search(wants("2")).room), ElementsAre("low", "lowest"));
  EXPECT_THAT(names(search(wants("4")).room), ElementsAre("high", "middle", "low", "lowest"));
  EXPECT_EQ(table.find("n")->pods.size(), 4u) << "the table is as it was";
}

TEST_F(FindRoom, SparesPodsOfNoLowerPriority) {
  for (const auto& one : {pod("equal", 10, "2"), pod("low", 1, "2")}) table.set_pod(one.pod);
  EXPECT_THAT(names(search(MakePod("p").priority(10).container({{"cpu", "2"}})).room), ElementsAre("low"));
  const RoomSearch none = search(MakePod("p").priority(10).container({{"cpu", "3"}}));
  EXPECT_EQ(none.code, Code::unschedulable);
  EXPECT_THAT(none.reasons, ElementsAre("Insufficient cpu"));
  EXPECT_TRUE(none.room.victims.empty());
}

TEST_F(FindRoom, OfEqualsTheOneThatHasRunLongestStays) {
  for (const auto& one : {pod("young", 1, "2", 200s), pod("old", 1, "2", 100s)}) table.set_pod(one.pod);
  EXPECT_THAT(names(search(MakePod("p").priority(10).container({{"cpu", "2"}})).room), ElementsAre("young"));
  table.remove_pod("uid-young");
  table.set_pod(pod("unstarted", 1, "2").pod);
  EXPECT_THAT(names(search(MakePod("p").priority(10).container({{"cpu", "2"}})).room), ElementsAre("unstarted"));
}

TEST_F(FindRoom, SparesThoseWhoseBudgetsForbidIt) {
  for (const auto& one : {pod("guarded", 0, "2"), pod("free", 5, "2")}) table.set_pod(one.pod);
  const auto wants = MakePod("p").priority(10).container({{"cpu", "2"}});
  EXPECT_THAT(names(search(wants).room), ElementsAre("guarded"));
  const RoomSearch spared = search(wants, {budget("guarded", 0)});
  EXPECT_THAT(names(spared.room), ElementsAre("free"));
  EXPECT_EQ(spared.room.budgets_violated, 0u);
  EXPECT_THAT(names(search(wants, {budget("guarded", 1)}).room), ElementsAre("guarded")) << "the budget allows one";
  EXPECT_THAT(names(search(wants, {budget("guarded", 0), budget("free", 0)}).room), ElementsAre("guarded"));
  EXPECT_EQ(search(wants, {budget("guarded", 0), budget("free", 0)}).room.budgets_violated, 1u);
}

TEST_F(FindRoom, ABudgetOfAnotherNamespaceOrOneThatHasCountedThePodDoesNotForbid) {
  for (const auto& one : {pod("guarded", 0, "2"), pod("free", 5, "2")}) table.set_pod(one.pod);
  const auto wants = MakePod("p").priority(10).container({{"cpu", "2"}});
  auto elsewhere = budget("guarded", 0), counted = budget("guarded", 0), all = budget("guarded", 0);
  elsewhere->metadata.namespace_ = "elsewhere";
  counted->status.disruptedPods.set("guarded", api::Time::from(WallTime(1s)));
  all->spec.selector->matchLabels.clear();
  EXPECT_THAT(names(search(wants, {elsewhere, counted, all}).room), ElementsAre("guarded"));
}

TEST_F(FindRoom, SeesWhatPodsMeanForEachOther) {
  table.set_node(MakeNode("n").label("host", "n").node);
  table.set_pod(pod("lonely", 1).apart_from("app", "p", "host").pod);
  table.set_pod(pod("other", 0).pod);
  EXPECT_THAT(names(search(MakePod("p").label("app", "p").priority(10).container({{"cpu", "1"}})).room), ElementsAre("lonely"));
}

TEST_F(FindRoom, KeepsRoomForThoseThatWaitForIt) {
  table.set_pod(pod("low", 0, "2").pod);
  table.nominations.set(std::make_shared<PodInfo>(MakePod("waits").priority(10).container({{"cpu", "2"}}).pod), "n");
  EXPECT_THAT(names(search(MakePod("p").priority(10).container({{"cpu", "2"}})).room), ElementsAre("low"));
  EXPECT_EQ(search(MakePod("p").priority(10).container({{"cpu", "3"}})).code, Code::unschedulable);
  EXPECT_TRUE(names(search(MakePod("p").priority(11).container({{"cpu", "2"}})).room).empty()) << "a lower one need not be waited for";
}

TEST(BestRoom, ByUpstreamsOrderOfCriteria) {
  struct Row {
    std::string about;
    std::vector<MakePod> better, worse;
    std::size_t violated_by_worse = 0;
  };
  const Row rows[] = {
      {"fewest budgets violated", {pod("a", 9)}, {pod("b", 0)}, 1},
      {"the least important most important victim", {pod("a", 4), pod("b", 4)}, {pod("c", 5)}},
      {"the smallest sum of priorities", {pod("a", 5), pod("b", 0)}, {pod("c", 5), pod("d", 1)}},
      {"more victims are a greater sum, also of negative priorities", {pod("a", -5)}, {pod("b", -5), pod("c", -9)}},
      {"the latest start", {pod("a", 5, "1", 200s), pod("b", 1, "1", 10s)}, {pod("c", 5, "1", 100s), pod("d", 1, "1", 300s)}},
      {"the first", {pod("a", 5, "1", 100s)}, {pod("b", 5, "1", 100s)}},
  };
  const auto room = [](const std::vector<MakePod>& pods, std::size_t violated) {
    Room made;
    made.budgets_violated = violated;
    for (const MakePod& one : pods) made.victims.push_back(std::make_shared<PodInfo>(one.pod));
    return made;
  };
  for (const Row& row : rows) {
    EXPECT_EQ(best_room({room(row.better, 0), room(row.worse, row.violated_by_worse)}), 0u) << row.about;
    if (row.about == "the first") continue;
    EXPECT_EQ(best_room({room(row.worse, row.violated_by_worse), room(row.better, 0)}), 1u) << row.about;
  }
}

}  // namespace
}  // namespace plumb::scheduler::testing
