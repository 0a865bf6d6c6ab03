// Pods about which extenders have a say, from the queue to their node.
#include <gmock/gmock.h>

#include <thread>

#include "reference/informer/fake_client.h"
#include "reference/scheduler/extender_testing.h"
#include "reference/scheduler/scheduler.h"
#include "reference/scheduler/testing.h"

namespace plumb::scheduler {
namespace {

using namespace std::chrono_literals;
using namespace plumb::scheduler::testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// An answer that a test gives when it likes.
struct Held {
  std::mutex mutex;
  std::vector<net::ResponseWriter> answers;
  FakeExtender::Behaviour hold() {
    return [this](const api::Doc&, net::ResponseWriter answer) {
      std::lock_guard lock(mutex);
      answers.push_back(std::move(answer));
    };
  }
  void answer(const std::string& json) {
    std::lock_guard lock(mutex);
    for (auto& one : answers) one.send(200, {}, json);
    answers.clear();
  }
};

struct SchedulerWithExtenders : ::testing::Test {
  VirtualClock clock;
  informer::FakeClient client{clock};
  informer::InformerFactory informers{client, clock};
  Held held;
  FakeExtender first, second;
  std::unique_ptr<Scheduler> scheduler;

  void begin(std::vector<ExtenderOptions> extenders) {
    SchedulerOptions options;
    options.extenders = std::move(extenders);
    auto made = Scheduler::make(client, informers, clock, std::move(options));
    ASSERT_TRUE(made.ok()) << made.error().message;
    scheduler = std::move(*made);
    informers.start();
  }
  void add(const MakePod& pod) { client.add(pod.pod); }
  void add(const MakeNode& node) { client.add(node.node); }
  void nodes(const std::vector<std::string>& names) {
    for (const std::string& name : names) add(MakeNode(name));
  }
  std::shared_ptr<const corev1::Pod> pod(const std::string& name) { return client.find<corev1::Pod>("default/" + name); }
  std::string node_of(const std::string& name) { return pod(name)->spec.nodeName.str(); }
  std::string why(const std::string& name) {
    for (const auto& one : pod(name)->status.conditions)
      if (one.type == "PodScheduled") return one.reason.str() + ": " + one.message.str();
    return {};
  }
  // Schedules until that is so. Answers come on another thread.
  template <class Condition>
  bool until(const Condition& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    do {
      scheduler->run_pending();
      if (condition()) return true;
      std::this_thread::yield();
    } while (std::chrono::steady_clock::now() < deadline);
    return false;
  }
  bool until_bound(const std::string& name) {
    return until([&] { return !node_of(name).empty(); });
  }
  bool until_told(const std::string& name) {
    return until([&] { return scheduler->counts().consulting == 0 && !why(name).empty(); });
  }
  bool until_asked(const FakeExtender& extender, std::size_t times) {
    return until([&] { return extender.asked().size() >= times; });
  }
  static ExtenderOptions only(const FakeExtender& extender, const std::string& verb) {
    ExtenderOptions options = extender.options();
    if (verb != "filter") options.filter_verb.clear();
    if (verb != "prioritize") options.prioritize_verb.clear();
    if (verb != "preempt") options.preempt_verb.clear();
    if (verb == "bind") options.bind_verb = "bind";
    return options;
  }
};

TEST_F(SchedulerWithExtenders, OneAfterTheOtherNarrowsTheNodesDown) {
  nodes({"a", "b", "c"});
  first.on("filter", allowing({"a", "b"}));
  second.on("filter", allowing({"b", "c"}));
  begin({only(first, "filter"), only(second, "filter")});
  add(MakePod("web").container());
  EXPECT_TRUE(until_bound("web"));
  EXPECT_EQ(node_of("web"), "b");
  EXPECT_THAT(first.asked(), ElementsAre("filter web a b c"));
  EXPECT_THAT(second.asked(), ElementsAre("filter web a b"));
  EXPECT_EQ(scheduler->counts(), Scheduler::Counts{});
}

TEST_F(SchedulerWithExtenders, IsAskedAboutNodesThatFitAlone) {
  nodes({"a", "b"});
  add(MakeNode("full", {{"cpu", "0"}, {"memory", "1Gi"}, {"pods", "10"}}));
  first.on("filter", allowing({"b"}));
  begin({only(first, "filter")});
  add(MakePod("web").container({{"cpu", "1"}}));
  EXPECT_TRUE(until_bound("web"));
  EXPECT_THAT(first.asked(), ElementsAre("filter web a b"));
}

TEST_F(SchedulerWithExtenders, ReasonsAreShownWithThoseOfThePlugins) {
  nodes({"a", "b", "c"});
  add(MakeNode("tainted").taint("k", "v", "NoSchedule"));
  first.on("filter", R"({"NodeNames":[],"FailedNodes":{"a":"no device","b":"no device"},"FailedAndUnresolvableNodes":{"b":"device is broken"}})");
  begin({only(first, "filter")});
  add(MakePod("web").container());
  EXPECT_TRUE(until_told("web"));
  EXPECT_EQ(why("web"), "Unschedulable: 0/4 nodes are available: 1 device is broken, 1 no device, 1 node(s) had untolerated taint(s). preemption: 0/4 nodes are "
                        "available: 1 No preemption victims found for incoming pod, 3 Preemption is not helpful for scheduling.");
  EXPECT_EQ(scheduler->counts().unschedulable, 1u);
  first.on("filter", allowing({"c"}));
  clock.advance(10s);
  add(MakePod("other").label("x", "y").on("a"));
  EXPECT_TRUE(until_bound("web")) << "any event may help";
}

TEST_F(SchedulerWithExtenders, ScoresAreScaledWeightedAndAdded) {
  nodes({"a", "b", "c"});
  ExtenderOptions heavy = only(second, "prioritize");
  heavy.weight = 3;
  // Of the plugins' scores none differ: 0 < 3 * 4 * 10 < 10 * 13.
  first.on("prioritize", R"([{"Host":"a","Score":13},{"Host":"b","Score":0}])");
  second.on("prioritize", R"([{"Host":"b","Score":4},{"Host":"nowhere","Score":10}])");
  begin({only(first, "prioritize"), heavy});
  add(MakePod("web").container());
  EXPECT_TRUE(until_bound("web"));
  EXPECT_EQ(node_of("web"), "a");
  first.on("prioritize", R"([{"Host":"a","Score":11}])");
  client.erase(informer::resource_of<corev1::Pod>(), "default/web");
  add(MakePod("again").container());
  EXPECT_TRUE(until_bound("again"));
  EXPECT_EQ(node_of("again"), "b");
}

TEST_F(SchedulerWithExtenders, OneThatCannotScoreIsDoneWithout) {
  nodes({"a", "b"});
  first.on("prioritize", "no JSON");
  second.on("prioritize", R"([{"Host":"b","Score":9223372036854775807}, {"Host":"a","Score":10}])");
  begin({only(first, "prioritize"), only(second, "prioritize")});
  add(MakePod("web").container());
  EXPECT_TRUE(until_bound("web"));
}

TEST_F(SchedulerWithExtenders, OneNodeNeedsNoScores) {
  nodes({"a"});
  begin({first.options()});
  first.on("filter", allowing({"a"}));
  add(MakePod("web").container());
  EXPECT_TRUE(until_bound("web"));
  EXPECT_THAT(first.asked(), ElementsAre("filter web a"));
}

TEST_F(SchedulerWithExtenders, AFailureHoldsThePodBackUnlessItIsIgnorable) {
  nodes({"a", "b"});
  first.on("filter", "{}", 500);
  second.on("filter", allowing({"b"}));
  begin({only(first, "filter"), only(second, "filter")});
  add(MakePod("web").container());
  EXPECT_TRUE(until_told("web"));
  EXPECT_THAT(why("web"), StartsWith("SchedulerError: ask extender " + first.options().url_prefix + " to filter: it answered with HTTP status 500"));
  EXPECT_EQ(scheduler->counts().backoff, 1u);
  EXPECT_TRUE(second.asked().empty());
  ExtenderOptions ignorable = only(first, "filter");
  ignorable.ignorable = true;
  begin({ignorable, only(second, "filter")});
  EXPECT_TRUE(until_bound("web"));
  EXPECT_EQ(node_of("web"), "b");
}

TEST_F(SchedulerWithExtenders, OthersGoOnWhileOneIsSlow) {
  nodes({"a", "b"});
  first.on("filter", held.hold());
  ExtenderOptions gpu = only(first, "filter");
  gpu.managed_resources = {"example.com/gpu"};
  add(MakeNode("g", {{"cpu", "4"}, {"memory", "8Gi"}, {"pods", "10"}, {"example.com/gpu", "4"}}));
  begin({gpu});
  add(MakePod("slow").container({{"example.com/gpu", "1"}}));
  EXPECT_TRUE(until_asked(first, 1));
  add(MakePod("low").container({{"example.com/gpu", "1"}}));
  add(MakePod("high").container({{"example.com/gpu", "1"}}).priority(5));
  add(MakePod("plain").container());
  scheduler->run_pending();
  EXPECT_NE(node_of("plain"), "");
  EXPECT_EQ(node_of("slow"), "");
  EXPECT_EQ(scheduler->counts().consulting, 3u);
  EXPECT_THAT(first.asked(), ElementsAre("filter slow g")) << "one pod after the other";
  held.answer(R"({"NodeNames":["g"]})");
  EXPECT_TRUE(until_asked(first, 2));
  EXPECT_EQ(node_of("slow"), "g");
  EXPECT_THAT(first.asked(), Contains("filter high g")) << "the line keeps to the queue's order";
  first.on("filter", allowing({"g"}));
  held.answer(R"({"NodeNames":["g"]})");
  EXPECT_TRUE(until_bound("low"));
}

TEST_F(SchedulerWithExtenders, RoomThatIsTakenMeanwhileIsNotGivenTwice) {
  add(MakeNode("a", {{"cpu", "1"}, {"memory", "1Gi"}, {"pods", "10"}}));
  add(MakeNode("b", {{"cpu", "1"}, {"memory", "1Gi"}, {"pods", "10"}}));
  first.on("filter", held.hold());
  begin({only(first, "filter")});
  add(MakePod("web").container({{"cpu", "1"}}));
  EXPECT_TRUE(until_asked(first, 1));
  add(MakePod("foreign").container({{"cpu", "1"}}).on("a"));
  first.on("filter", allowing({"b"}));
  held.answer(R"({"NodeNames":["a"]})");
  EXPECT_TRUE(until([&] { return scheduler->counts().consulting == 0; }));
  clock.advance(1s);
  EXPECT_TRUE(until_bound("web")) << "asked again without an event";
  EXPECT_EQ(node_of("web"), "b");
}

TEST_F(SchedulerWithExtenders, APodThatIsDeletedOrBoundMeanwhileIsForgotten) {
  nodes({"a"});
  first.on("filter", held.hold());
  begin({only(first, "filter")});
  add(MakePod("gone").container());
  add(MakePod("waiting").container());
  EXPECT_TRUE(until_asked(first, 1));
  client.erase(informer::resource_of<corev1::Pod>(), "default/gone");
  client.erase(informer::resource_of<corev1::Pod>(), "default/waiting");
  scheduler->run_pending();
  EXPECT_EQ(scheduler->counts(), Scheduler::Counts{});
  add(MakePod("theirs").container());
  EXPECT_TRUE(until_asked(first, 2));
  client.add(MakePod("theirs").container().on("elsewhere").pod);
  held.answer(R"({"NodeNames":["a"]})");
  first.on("filter", allowing({"a"}));
  add(MakePod("next").container());
  EXPECT_TRUE(until_bound("next"));
  EXPECT_EQ(node_of("theirs"), "elsewhere");
}

TEST_F(SchedulerWithExtenders, AnExtenderBindsWhatItIsInterestedIn) {
  nodes({"a"});
  first.on("bind", [this](const api::Doc& args, net::ResponseWriter answer) {
    auto bound = std::make_shared<corev1::Pod>(*pod(std::string(args["PodName"].as_string())));
    bound->spec.nodeName = args["Node"].as_string();
    client.add(bound);
    answer.send(200, {}, "{}");
  });
  begin({only(first, "bind")});
  client.take_log();
  add(MakePod("web").container());
  EXPECT_TRUE(until_bound("web"));
  EXPECT_TRUE(until([&] { return scheduler->counts().binding == 0; }));
  EXPECT_THAT(first.asked(), ElementsAre("bind web a"));
  EXPECT_THAT(client.take_log(), ::testing::Not(Contains(HasSubstr("binding"))));
}

TEST_F(SchedulerWithExtenders, ABindingThatAnExtenderRefusesIsGivenBackOrDoneWithoutIt) {
  nodes({"a"});
  first.on("bind", R"({"Error":"no device is left"})");
  begin({only(first, "bind")});
  add(MakePod("web").container());
  EXPECT_TRUE(until([&] { return scheduler->counts().binding == 0 && !why("web").empty(); }));
  EXPECT_THAT(why("web"), StartsWith("SchedulerError: binding rejected: "));
  EXPECT_THAT(why("web"), HasSubstr("no device is left"));
  EXPECT_EQ(scheduler->counts().backoff, 1u);
  ExtenderOptions ignorable = only(first, "bind");
  ignorable.ignorable = true;
  begin({ignorable});
  EXPECT_TRUE(until_bound("web"));
}

struct PreemptionWithExtenders : SchedulerWithExtenders {
  void SetUp() override {
    for (const char* name : {"a", "b"}) add(MakeNode(name, {{"cpu", "1"}, {"memory", "1Gi"}, {"pods", "10"}}));
    add(make("low", 1).on("a"));
    add(make("middle", 5).on("b"));
  }
  static MakePod make(std::string_view name, std::int32_t priority) {
    MakePod made = MakePod(name).container({{"cpu", "1"}}).priority(priority);
    made.pod->spec.terminationGracePeriodSeconds = 0;
    return made;
  }
  bool until_placed(const std::string& name) {
    return until([&] {
      clock.advance(100ms);
      return !node_of(name).empty();
    });
  }
  std::string nominated() { return pod("high")->status.nominatedNodeName.str(); }
};

TEST_F(PreemptionWithExtenders, ExtendersChooseAmongTheRooms) {
  first.on("preempt", R"({"NodeNameToMetaVictims":{"b":{"Pods":[{"UID":"uid-middle"}]}}})");
  begin({only(first, "preempt")});
  add(make("high", 10));
  EXPECT_TRUE(until_placed("high"));
  EXPECT_THAT(first.asked().front(), "preempt high a b");
  EXPECT_EQ(pod("middle"), nullptr);
  EXPECT_NE(pod("low"), nullptr) << "upstream's choice without an extender";
}

TEST_F(PreemptionWithExtenders, NoRoomIsLeft) {
  first.on("preempt", "{}");
  begin({only(first, "preempt")});
  add(make("high", 10));
  EXPECT_TRUE(until_told("high"));
  EXPECT_THAT(why("high"), ::testing::EndsWith("2 Insufficient cpu. preemption: no candidate node for preemption"));
}

TEST_F(PreemptionWithExtenders, ABadAnswerIsAnErrorUnlessItsExtenderIsIgnorable) {
  for (const char* answer : {R"({"NodeNameToMetaVictims":{"z":{"Pods":[{"UID":"uid-low"}]}}})", R"({"NodeNameToMetaVictims":{"a":{"Pods":[{"UID":"uid-middle"}]}}})",
                             R"({"NodeNameToMetaVictims":{"a":{"Pods":[]}}})", "nonsense"}) {
    first.on("preempt", answer);
    begin({only(first, "preempt")});
    client.add(make("high", 10).pod);
    EXPECT_TRUE(until_told("high"));
    EXPECT_THAT(why("high"), HasSubstr(" preemption: ")) << answer;
    EXPECT_EQ(nominated(), "") << answer;
    EXPECT_NE(pod("low"), nullptr) << answer;
    client.erase(informer::resource_of<corev1::Pod>(), "default/high");
  }
  ExtenderOptions ignorable = only(first, "preempt");
  ignorable.ignorable = true;
  begin({ignorable});
  add(make("high", 10));
  EXPECT_TRUE(until_placed("high"));
  EXPECT_EQ(pod("low"), nullptr);
}

}  // namespace
}  // namespace plumb::scheduler
