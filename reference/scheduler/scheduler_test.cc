#include "reference/scheduler/scheduler.h"

#include <gmock/gmock.h>

#include <thread>

#include "reference/informer/fake_client.h"
#include "reference/scheduler/testing.h"

namespace plumb::scheduler {
namespace {

using namespace std::chrono_literals;
using namespace plumb::scheduler::testing;
using ::testing::ElementsAre;
using informer::FakeClient;
using Verb = informer::Verb;

struct SchedulerTest : ::testing::Test {
  VirtualClock clock;
  FakeClient client{clock};
  informer::InformerFactory informers{client, clock};
  std::unique_ptr<Scheduler> scheduler;

  void begin(SchedulerOptions options = {}) {
    auto made = Scheduler::make(client, informers, clock, std::move(options));
    ASSERT_TRUE(made.ok()) << made.error().message;
    scheduler = std::move(*made);
    informers.start();
  }
  void add(const MakePod& pod) { client.add(pod.pod); }
  void add(const MakeNode& node) { client.add(node.node); }
  std::shared_ptr<const corev1::Pod> pod(const std::string& name) { return client.find<corev1::Pod>("default/" + name); }
  std::string node_of(const std::string& name) { return pod(name)->spec.nodeName.str(); }
  // "reason: message" of the pod's PodScheduled condition.
  std::string condition(const std::string& name) {
    for (const auto& one : pod(name)->status.conditions)
      if (one.type == "PodScheduled") return one.status.str() + " " + one.reason.str() + ": " + one.message.str();
    return {};
  }
  std::vector<std::string> events() {
    std::vector<std::string> texts;
    for (const auto& event : client.all<corev1::Event>())
      texts.push_back(event->involvedObject.name.str() + " " + event->type.str() + " " + event->reason.str() + ": " + event->message.str());
    return texts;
  }
  std::size_t calls(std::string_view start) {
    const auto log = client.take_log();
    return static_cast<std::size_t>(std::count_if(log.begin(), log.end(), [&](const std::string& line) { return line.starts_with(start); }));
  }
};

TEST_F(SchedulerTest, BindsAPodToTheNodeThatFits) {
  add(MakeNode("small", {{"cpu", "1"}, {"memory", "1Gi"}, {"pods", "10"}}));
  add(MakeNode("large", {{"cpu", "8"}, {"memory", "16Gi"}, {"pods", "10"}}));
  begin();
  add(MakePod("web").container({{"cpu", "2"}}));
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_EQ(node_of("web"), "large");
  EXPECT_THAT(events(), ElementsAre("web Normal Scheduled: Successfully assigned default/web to large"));
  EXPECT_EQ(scheduler->counts(), Scheduler::Counts{});
}

TEST_F(SchedulerTest, SaysWhyAPodFitsNowhereAndSchedulesItOnceItDoes) {
  add(MakeNode("a", {{"cpu", "1"}, {"memory", "1Gi"}, {"pods", "10"}}));
  add(MakeNode("b").taint("dedicated", "x", "NoSchedule"));
  add(MakeNode("c").taint("dedicated", "y", "NoExecute"));
  begin();
  add(MakePod("web").container({{"cpu", "2"}}));
  scheduler->run_pending();
  const std::string message = "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). preemption: 0/3 nodes are available: "
                              "3 Preemption is not helpful for scheduling.";
  EXPECT_EQ(condition("web"), "False Unschedulable: " + message);
  EXPECT_THAT(events(), ElementsAre("web Warning FailedScheduling: " + message));
  EXPECT_EQ(scheduler->counts().unschedulable, 1u);
  EXPECT_EQ(node_of("web"), "");

  add(MakeNode("d"));
  EXPECT_EQ(scheduler->run_pending(), 0u);  // still backing off
  EXPECT_EQ(scheduler->counts().backoff, 1u);
  clock.advance(1s);
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_EQ(node_of("web"), "d");
}

TEST_F(SchedulerTest, NeitherAHeartbeatNorAPodThatLeavesTooLittleMakesItTryAgain) {
  auto node = MakeNode("a", {{"cpu", "4"}, {"memory", "8Gi"}, {"pods", "10"}});
  add(node);
  add(MakePod("left").container({{"cpu", "3"}}).on("a"));
  add(MakePod("gone").container({{"cpu", "1"}}).on("a"));
  begin();
  add(MakePod("web").container({{"cpu", "2"}}));
  EXPECT_EQ(scheduler->run_pending(), 1u);
  clock.advance(20s);
  for (int i = 1; i <= 3; ++i) {
    auto beat = std::make_shared<corev1::Node>(*client.find<corev1::Node>("a"));
    beat->status.conditions.clear();
    corev1::NodeCondition& ready = beat->status.conditions.emplace_back();
    ready.type = "Ready";
    ready.status = "True";
    ready.lastHeartbeatTime = api::Time::from(clock.wall() + std::chrono::seconds(i));
    client.add(beat);
    EXPECT_EQ(scheduler->run_pending(), 0u);
  }
  EXPECT_EQ(scheduler->counts().unschedulable, 1u);
  client.erase(informer::resource_of<corev1::Pod>(), "default/gone");
  EXPECT_EQ(scheduler->run_pending(), 0u);
  EXPECT_EQ(scheduler->counts().unschedulable, 1u);
  client.erase(informer::resource_of<corev1::Pod>(), "default/left");
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_EQ(node_of("web"), "a");
}

TEST_F(SchedulerTest, PatchesTheConditionOnlyWhenItChanges) {
  add(MakeNode("a", {{"cpu", "1"}, {"memory", "1Gi"}, {"pods", "10"}}));
  begin();
  add(MakePod("web").container({{"cpu", "2"}}));
  scheduler->run_pending();
  EXPECT_EQ(calls("patch pods/status"), 1u);
  clock.advance(5min);
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_EQ(calls("patch pods/status"), 0u);
}

TEST_F(SchedulerTest, WithoutNodesSaysSo) {
  begin();
  add(MakePod("web").container());
  scheduler->run_pending();
  EXPECT_EQ(condition("web"), "False Unschedulable: no nodes available to schedule pods");
}

TEST_F(SchedulerTest, AFreedPlaceGoesToTheWaitingPod) {
  add(MakeNode("a", {{"cpu", "1"}, {"memory", "1Gi"}, {"pods", "10"}}));
  begin();
  add(MakePod("old").container({{"cpu", "1"}}));
  scheduler->run_pending();
  add(MakePod("new").container({{"cpu", "1"}}));
  scheduler->run_pending();
  EXPECT_EQ(node_of("new"), "");
  clock.advance(10s);
  EXPECT_EQ(scheduler->run_pending(), 0u);
  client.erase(informer::resource_of<corev1::Pod>(), "default/old");
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_EQ(node_of("new"), "a");
}

TEST_F(SchedulerTest, AChangeWakesOnlyThePodsItCanHelp) {
  add(MakeNode("a", {{"cpu", "1"}, {"memory", "1Gi"}, {"pods", "10"}}).label("host", "a"));
  begin();
  add(MakePod("big").container({{"cpu", "2"}}));
  add(MakePod("picky").container().select("zone", "z1"));
  add(MakePod("lonely").container().beside("app", "db", "host"));
  EXPECT_EQ(scheduler->run_pending(), 3u);
  clock.advance(10s);
  add(MakeNode("b", {{"cpu", "1"}, {"memory", "1Gi"}, {"pods", "10"}}));
  EXPECT_EQ(scheduler->run_pending(), 0u) << "too small, without the zone, without a host label";
  add(MakeNode("b", {{"cpu", "2"}, {"memory", "1Gi"}, {"pods", "10"}}));
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_EQ(node_of("big"), "b");
  add(MakePod("db").label("app", "db").on("a"));
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_EQ(node_of("lonely"), "a");
  EXPECT_EQ(node_of("picky"), "");
}

TEST_F(SchedulerTest, AFinishedPodCountsNoMore) {
  add(MakeNode("a", {{"cpu", "1"}, {"memory", "1Gi"}, {"pods", "10"}}));
  begin();
  auto done = MakePod("done").container({{"cpu", "1"}}).on("a");
  done.pod->status.phase = "Succeeded";
  add(done);
  add(MakePod("new").container({{"cpu", "1"}}));
  scheduler->run_pending();
  EXPECT_EQ(node_of("new"), "a");
}

TEST_F(SchedulerTest, ARefusedBindingGivesTheRoomBackAndIsTriedAgain) {
  add(MakeNode("a", {{"cpu", "1"}, {"memory", "1Gi"}, {"pods", "10"}}));
  begin();
  bool refuse = true;
  client.intercept([&](const informer::Request& request) -> std::optional<Error> {
    if (!refuse || request.subresource != "binding") return std::nullopt;
    return Error{plumb::Code::conflict, "the pod was modified", "Conflict", 409};
  });
  add(MakePod("web").container({{"cpu", "1"}}));
  scheduler->run_pending();
  EXPECT_EQ(node_of("web"), "");
  EXPECT_EQ(condition("web"), "False SchedulerError: binding rejected: running Bind plugin \"DefaultBinder\": the pod was modified");
  EXPECT_EQ(scheduler->counts().backoff, 1u);
  refuse = false;
  clock.advance(1s);
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_EQ(node_of("web"), "a");
}

TEST_F(SchedulerTest, APodThatAnotherBoundIsLeftAlone) {
  add(MakeNode("a"));
  begin();
  client.intercept([&](const informer::Request& request) -> std::optional<Error> {
    if (request.subresource != "binding") return std::nullopt;
    auto theirs = std::make_shared<corev1::Pod>(*pod("web"));
    theirs->spec.nodeName = "elsewhere";
    client.add(theirs);
    return Error{plumb::Code::conflict, "pod web is already assigned to node \"elsewhere\"", "Conflict", 409};
  });
  add(MakePod("web").container());
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_EQ(scheduler->counts(), Scheduler::Counts{});
  EXPECT_THAT(events(), ElementsAre());
}

TEST_F(SchedulerTest, APodDeletedWhileItsBindingIsOnTheWayLeavesNothingBehind) {
  add(MakeNode("a", {{"cpu", "1"}, {"memory", "1Gi"}, {"pods", "10"}}));
  begin();
  client.intercept([&](const informer::Request& request) -> std::optional<Error> {
    if (request.subresource != "binding" || request.name != "web") return std::nullopt;
    client.erase(informer::resource_of<corev1::Pod>(), "default/web");
    return Error{plumb::Code::not_found, "pods \"web\" not found", "NotFound", 404};
  });
  add(MakePod("web").container({{"cpu", "1"}}));
  scheduler->run_pending();
  EXPECT_EQ(scheduler->counts(), Scheduler::Counts{});
  add(MakePod("next").container({{"cpu", "1"}}));
  scheduler->run_pending();
  EXPECT_EQ(node_of("next"), "a");
}

TEST_F(SchedulerTest, GatedPodsWait) {
  add(MakeNode("a"));
  begin();
  auto gated = MakePod("web").container().gate("example.com/quota");
  add(gated);
  EXPECT_EQ(scheduler->run_pending(), 0u);
  EXPECT_EQ(scheduler->counts().gated, 1u);
  EXPECT_EQ(condition("web"), "") << "the API server says so when the pod is made";
  auto open = std::make_shared<corev1::Pod>(*pod("web"));
  open->spec.schedulingGates.clear();
  client.add(open);
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_EQ(node_of("web"), "a");
}

TEST_F(SchedulerTest, TwoSchedulersShareAClusterByName) {
  add(MakeNode("a"));
  begin();
  ProfileOptions other;
  other.scheduler_name = "second";
  auto made = Scheduler::make(client, informers, clock, {.profiles = {other}});
  ASSERT_TRUE(made.ok());
  add(MakePod("mine").container());
  auto theirs = MakePod("theirs").container();
  theirs.pod->spec.schedulerName = "second";
  add(theirs);
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_EQ(node_of("mine"), "a");
  EXPECT_EQ(node_of("theirs"), "");
  EXPECT_EQ((*made)->run_pending(), 1u);
  EXPECT_EQ(node_of("theirs"), "a");
}

TEST_F(SchedulerTest, ASuccessorGoesOnWhereAKilledOneStopped) {
  add(MakeNode("a", {{"cpu", "2"}, {"memory", "4Gi"}, {"pods", "10"}}));
  begin();
  add(MakePod("one").container({{"cpu", "1"}}));
  add(MakePod("big").container({{"cpu", "2"}}));
  scheduler->run_pending();
  EXPECT_EQ(node_of("big"), "");
  scheduler.reset();
  begin();
  add(MakePod("two").container({{"cpu", "1"}}));
  scheduler->run_pending();
  EXPECT_EQ(node_of("two"), "a");
  EXPECT_EQ(node_of("big"), "");
  EXPECT_EQ(scheduler->counts().unschedulable, 1u);
}

TEST_F(SchedulerTest, NeverTakesMoreThanANodeHas) {
  for (int i = 0; i < 20; ++i) add(MakeNode("n" + std::to_string(i), {{"cpu", "2"}, {"memory", "4Gi"}, {"pods", "10"}}));
  begin();
  for (int i = 0; i < 50; ++i) add(MakePod("p" + std::to_string(i)).container({{"cpu", "1"}}));
  scheduler->run_pending();
  std::map<std::string, int> placed;
  for (const auto& one : client.all<corev1::Pod>())
    if (!one->spec.nodeName.empty()) ++placed[one->spec.nodeName.str()];
  EXPECT_EQ(placed.size(), 20u);
  for (const auto& [node, pods] : placed) EXPECT_EQ(pods, 2) << node;
  EXPECT_EQ(scheduler->counts().unschedulable, 10u);
}

TEST_F(SchedulerTest, SkipsAPodThatIsBeingDeleted) {
  add(MakeNode("a"));
  begin();
  auto leaving = MakePod("web").container();
  leaving.pod->metadata.deletionTimestamp = api::Time::from(clock.wall());
  leaving.pod->metadata.finalizers.push_back("example.com/hold");
  add(leaving);
  scheduler->run_pending();
  EXPECT_EQ(node_of("web"), "");
  EXPECT_THAT(events(), ElementsAre("web Warning FailedScheduling: skip schedule deleting pod: default/web"));
}

TEST_F(SchedulerTest, RefusesProfilesThatCannotBe) {
  ProfileOptions unknown;
  unknown.plugins["multiPoint"].disabled = {"NoSuchPlugin"};
  EXPECT_EQ(Scheduler::make(client, informers, clock, {.profiles = {unknown}}).error().message, "profile default-scheduler: there is no plugin NoSuchPlugin");
  ProfileOptions unbound;
  unbound.plugins["multiPoint"].disabled = {"DefaultBinder"};
  EXPECT_FALSE(Scheduler::make(client, informers, clock, {.profiles = {unbound}}).ok());
  EXPECT_FALSE(Scheduler::make(client, informers, clock, {.profiles = {{}, {}}}).ok());
}

// Reserve and Permit, asked of plugins made for the purpose.
struct Notes {
  int reserved = 0, unreserved = 0;
  bool permit = true;
};
Notes& notes() {
  static Notes instance;
  return instance;
}
class Doorkeeper final : public Plugin, public ReservePlugin, public PermitPlugin {
 public:
  Traits traits() const override { return {.name = "TestDoorkeeper", .events = event::node_label, .by_default = false}; }
  Verdict reserve(const PodInfo&, std::string_view) override { return ++notes().reserved, Verdict(); }
  void unreserve(const PodInfo&, std::string_view) override { ++notes().unreserved; }
  Verdict permit(const PodInfo&, std::string_view) override {
    return notes().permit ? Verdict() : Verdict{Code::unschedulable, "the door is closed"};
  }
};
const Registered<Plugin> doorkeeper{"TestDoorkeeper", [] { return std::make_unique<Doorkeeper>(); }};

TEST_F(SchedulerTest, APodThatIsNotPermittedGivesBackWhatWasReserved) {
  notes() = {.permit = false};
  ProfileOptions profile;
  profile.plugins["multiPoint"].enabled = {{"TestDoorkeeper"}};
  add(MakeNode("a"));
  begin({.profiles = {profile}});
  add(MakePod("web").container());
  scheduler->run_pending();
  EXPECT_EQ(condition("web"), "False Unschedulable: 0/1 nodes are available: 1 the door is closed.");
  EXPECT_EQ(notes().reserved, 1);
  EXPECT_EQ(notes().unreserved, 1);
  notes().permit = true;
  clock.advance(1s);
  EXPECT_EQ(scheduler->run_pending(), 0u);
  add(MakeNode("a").label("door", "open"));
  EXPECT_EQ(scheduler->run_pending(), 1u);
  EXPECT_EQ(node_of("web"), "a");
  EXPECT_EQ(notes().unreserved, 1);
}

TEST(SchedulerThread, SchedulesOnItsOwnThreadWhileLeading) {
  FakeClient client(real_clock());
  informer::InformerFactory informers(client, real_clock());
  for (int i = 0; i < 10; ++i) client.add(MakeNode("n" + std::to_string(i)).node);
  SchedulerOptions options;
  options.leader_election.emplace();
  options.leader_election->name = "kube-scheduler";
  options.leader_election->identity = "one";
  auto scheduler = Scheduler::make(client, informers, real_clock(), options);
  ASSERT_TRUE(scheduler.ok());
  informers.start();
  (*scheduler)->start();
  for (int i = 0; i < 200; ++i) client.add(MakePod("p" + std::to_string(i)).container().pod);
  const auto placed = [&] {
    const auto pods = client.all<corev1::Pod>();
    return std::count_if(pods.begin(), pods.end(), [](const auto& pod) { return !pod->spec.nodeName.empty(); });
  };
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (placed() < 200 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(placed(), 200);
  (*scheduler)->stop();
}

}  // namespace
}  // namespace plumb::scheduler
