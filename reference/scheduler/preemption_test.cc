// Preemption from the pod that finds no room to the one that has it, as the cluster sees it.
#include <gmock/gmock.h>

#include "reference/api/types/policyv1.h"
#include "reference/informer/fake_client.h"
#include "reference/scheduler/scheduler.h"
#include "reference/scheduler/testing.h"

namespace plumb::scheduler {
namespace {

using namespace std::chrono_literals;
using namespace plumb::scheduler::testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct PreemptionTest : ::testing::Test {
  VirtualClock clock;
  informer::FakeClient client{clock};
  informer::InformerFactory informers{client, clock};
  std::unique_ptr<Scheduler> scheduler;

  void begin() {
    scheduler = std::move(*Scheduler::make(client, informers, clock));
    informers.start();
  }
  void add(const MakePod& pod) { client.add(pod.pod); }
  void add(const MakeNode& node) { client.add(node.node); }
  std::shared_ptr<const corev1::Pod> pod(const std::string& name) { return client.find<corev1::Pod>("default/" + name); }
  std::string node_of(const std::string& name) { return pod(name)->spec.nodeName.str(); }
  std::string nominated(const std::string& name) { return pod(name)->status.nominatedNodeName.str(); }
  std::string condition(const std::string& name, std::string_view type) {
    for (const auto& one : pod(name)->status.conditions)
      if (one.type == type) return one.status.str() + " " + one.reason.str() + ": " + one.message.str();
    return {};
  }
  std::vector<std::string> events() {
    std::vector<std::string> texts;
    for (const auto& event : client.all<corev1::Event>())
      texts.push_back(event->involvedObject.name.str() + " " + event->reason.str() + ": " + event->message.str());
    return texts;
  }
  // Of one cpu; goes at once when it is deleted, or after `grace` seconds.
  static MakePod make(std::string_view name, std::int32_t priority, std::int64_t grace = 0) {
    auto made = MakePod(name).container({{"cpu", "1"}}).priority(priority);
    made.pod->spec.terminationGracePeriodSeconds = grace;
    return made;
  }
  static MakeNode node(std::string_view name) { return MakeNode(name, {{"cpu", "1"}, {"memory", "1Gi"}, {"pods", "10"}}); }
};

TEST_F(PreemptionTest, APodOfHigherPriorityTakesThePlaceOfALowerOne) {
  add(node("a"));
  add(node("b"));
  begin();
  add(make("middle", 5));
  add(make("low", 1));
  scheduler->run_pending();
  const std::string place = node_of("low");
  add(make("high", 10));
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_EQ(pod("low"), nullptr);
  EXPECT_NE(pod("middle"), nullptr);
  EXPECT_EQ(nominated("high"), place);
  EXPECT_EQ(condition("high", "PodScheduled"), "False Unschedulable: 0/2 nodes are available: 2 Insufficient cpu.");
  EXPECT_THAT(events(), Contains("low Preempted: Preempted by pod uid-high on node " + place));
  clock.advance(1s);
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_EQ(node_of("high"), place);
}

TEST_F(PreemptionTest, TheVictimShowsWhyItGoes) {
  add(node("a"));
  begin();
  auto held = make("low", 1, 30);
  held.pod->metadata.finalizers.push_back("example.com/hold");
  add(held);
  scheduler->run_pending();
  add(make("high", 10));
  scheduler->run_pending();
  ASSERT_NE(pod("low"), nullptr);
  EXPECT_TRUE(pod("low")->metadata.deletionTimestamp);
  EXPECT_EQ(condition("low", "DisruptionTarget"), "True PreemptionByScheduler: default-scheduler: preempting to accommodate a higher priority pod");
}

TEST_F(PreemptionTest, WaitsForAVictimThatIsLeaving) {
  add(node("a"));
  add(node("b"));
  begin();
  add(make("low", 1, 30));
  add(make("other", 1, 30));
  scheduler->run_pending();
  add(make("high", 10));
  scheduler->run_pending();
  const std::string place = nominated("high"), victim = node_of("low") == place ? "low" : "other", spared = victim == "low" ? "other" : "low";
  client.take_log();
  add(make("taken", 20).on("c"));
  add(node("c"));  // worth another try, in vain
  clock.advance(1s);
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_THAT(condition("high", "PodScheduled"), HasSubstr("preemption: not eligible due to a terminating pod on the nominated node."));
  EXPECT_FALSE(pod(spared)->metadata.deletionTimestamp) << "one victim is enough";
  EXPECT_EQ(nominated("high"), place);
  client.erase(informer::resource_of<corev1::Pod>(), "default/" + victim);
  clock.advance(2s);
  scheduler->run_pending();
  EXPECT_EQ(node_of("high"), place);
}

TEST_F(PreemptionTest, TheRoomIsKeptFromPodsOfLowerPriority) {
  add(node("a"));
  begin();
  add(make("low", 1));
  scheduler->run_pending();
  add(make("high", 10));
  scheduler->run_pending();
  EXPECT_EQ(pod("low"), nullptr);
  add(make("late", 5));
  scheduler->run_pending();
  EXPECT_EQ(node_of("late"), "");
  clock.advance(1s);
  scheduler->run_pending();
  EXPECT_EQ(node_of("high"), "a");
}

TEST_F(PreemptionTest, AStillHigherPodTakesTheNominationAway) {
  add(node("a"));
  begin();
  add(make("low", 1, 30));
  scheduler->run_pending();
  add(make("high", 10));
  scheduler->run_pending();
  EXPECT_EQ(nominated("high"), "a");
  add(make("highest", 20));
  scheduler->run_pending();
  EXPECT_EQ(nominated("highest"), "a");
  EXPECT_EQ(nominated("high"), "");
}

TEST_F(PreemptionTest, NeverMeansNever) {
  add(node("a"));
  begin();
  add(make("low", 1));
  scheduler->run_pending();
  auto polite = make("polite", 10);
  polite.pod->spec.preemptionPolicy = corev1::PreemptNever;
  add(polite);
  scheduler->run_pending();
  EXPECT_NE(pod("low"), nullptr);
  EXPECT_EQ(condition("polite", "PodScheduled"),
            "False Unschedulable: 0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.");
}

TEST_F(PreemptionTest, SaysWhyItDoesNotHelp) {
  add(node("a"));
  add(MakeNode("b").taint("k", "v", "NoSchedule"));
  begin();
  add(make("old", 10));
  scheduler->run_pending();
  add(make("new", 10));
  scheduler->run_pending();
  EXPECT_EQ(condition("new", "PodScheduled"),
            "False Unschedulable: 0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s). preemption: 0/2 nodes are available: "
            "1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.");
}

TEST_F(PreemptionTest, ANominationThatHelpsNoMoreIsTakenBack) {
  add(node("a"));
  begin();
  auto waits = make("waits", 10);
  waits.pod->status.nominatedNodeName = "a";
  add(make("old", 10).on("a"));
  add(waits);
  scheduler->run_pending();
  EXPECT_EQ(nominated("waits"), "");
}

TEST_F(PreemptionTest, PrefersVictimsThatNoBudgetGuards) {
  add(node("a"));
  add(node("b"));
  auto budget = std::make_shared<policyv1::PodDisruptionBudget>();
  budget->metadata.namespace_ = "default";
  budget->metadata.name = "guard";
  budget->spec.selector.ensure().matchLabels.set("app", "guarded");
  client.add(budget);
  begin();
  add(make("guarded", 1).label("app", "guarded"));
  add(make("free", 5));
  scheduler->run_pending();
  add(make("high", 10));
  scheduler->run_pending();
  EXPECT_NE(pod("guarded"), nullptr);
  EXPECT_EQ(pod("free"), nullptr);
}

TEST_F(PreemptionTest, AVictimThatCannotBeToldMakesThePodBeTriedAgain) {
  add(node("a"));
  begin();
  add(make("low", 1));
  scheduler->run_pending();
  bool refuse = true;
  client.intercept([&](const informer::Request& request) -> std::optional<Error> {
    if (!refuse || request.verb != informer::Verb::remove) return std::nullopt;
    return Error{plumb::Code::unavailable, "no answer", "", 0};
  });
  add(make("high", 10));
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_NE(pod("low"), nullptr);
  EXPECT_THAT(events(), Not(Contains(HasSubstr("Preempted"))));
  refuse = false;
  clock.advance(1s);
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_EQ(pod("low"), nullptr);
}

}  // namespace
}  // namespace plumb::scheduler
