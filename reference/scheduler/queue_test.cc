#include "reference/scheduler/queue.h"

#include <algorithm>

#include "reference/scheduler/profile.h"
#include "reference/scheduler/testing.h"

namespace plumb::scheduler {
namespace {

using namespace std::chrono_literals;
using namespace plumb::scheduler::testing;
using Place = SchedulingQueue::Place;

struct QueueTest : ::testing::Test {
  VirtualClock clock;
  std::unique_ptr<Profile> profile = std::move(*Profile::make({}));
  SchedulingQueue queue{*profile->queue_sort.front().plugin, [this](const PodInfo& pod) { return profile->admits(pod); },
                        [this](const PodInfo& pod, const Refusers&, const Change& change) { return hint(pod, change); }};
  std::function<bool(const PodInfo&, const Change&)> hint = [](const PodInfo&, const Change&) { return true; };

  void refuse(Events events) { queue.refused(pop(), {events, 1}, clock.now()); }
  void move(Events events, std::string_view label) { queue.move({.events = events}, label, clock.now()); }

  void set(const MakePod& pod) { queue.set(std::make_shared<PodInfo>(pod.pod), clock.now()); }
  QueuedPod pop() { return *queue.pop(); }
  std::string next() {
    const auto popped = queue.pop();
    return popped ? popped->pod->pod->metadata.name.str() : "";
  }
  void flush() { queue.flush(clock.now()); }
  std::optional<Place> place(const std::string& name) { return queue.place_of("uid-" + name); }
};

TEST_F(QueueTest, HighPriorityFirstThenAge) {
  set(MakePod("low").priority(1));
  clock.advance(1s);
  set(MakePod("old"));
  clock.advance(1s);
  set(MakePod("new"));
  set(MakePod("high").priority(10));
  for (const char* name : {"high", "low", "old", "new", ""}) EXPECT_EQ(next(), name);
}

TEST_F(QueueTest, WaitsForAnEventThatHelps) {
  set(MakePod("a"));
  refuse(event::node_label);
  EXPECT_EQ(place("a"), Place::unschedulable);
  clock.advance(10s);
  move(event::pod_removed, "AssignedPodDelete");
  EXPECT_EQ(place("a"), Place::unschedulable);
  move(event::node_label, "NodeUpdate");
  EXPECT_EQ(place("a"), Place::active);
}

TEST_F(QueueTest, WaitsForAChangeThatThePluginsSayHelps) {
  set(MakePod("a"));
  refuse(event::node_label);
  clock.advance(10s);
  hint = [](const PodInfo& waiting, const Change&) { return waiting.uid() != "uid-a"; };
  move(event::node_label, "NodeUpdate");
  EXPECT_EQ(place("a"), Place::unschedulable);
  hint = [](const PodInfo&, const Change& change) { return change.events == event::node_label; };
  move(event::node_label, "NodeUpdate");
  EXPECT_EQ(place("a"), Place::active);
}

// What an event costs does not depend on how many wait.
TEST_F(QueueTest, AsksOnceForAllThatAreAlike) {
  const auto backlog = [this](std::string_view name, std::string_view cpu, Events refused_for) {
    for (int i = 0; i < 100; ++i) {
      set(MakePod(std::string(name) + std::to_string(i)).container({{"cpu", std::string(cpu)}}));
      refuse(refused_for);
    }
  };
  backlog("large", "8", event::pod_removed);
  backlog("small", "2", event::pod_removed);
  backlog("lost", "2", event::node_label | event::node_taint);
  clock.advance(10s);
  std::vector<std::int64_t> asked;
  hint = [&](const PodInfo& waiting, const Change&) { return asked.push_back(waiting.requests.cpu), waiting.requests.cpu < 8000; };
  move(event::pod_assigned, "AssignedPodAdd");
  EXPECT_TRUE(asked.empty()) << "nobody waits for it";
  move(event::pod_removed, "AssignedPodDelete");
  std::sort(asked.begin(), asked.end());
  EXPECT_EQ(asked, (std::vector<std::int64_t>{2000, 8000}));
  EXPECT_EQ(queue.size(Place::active), 100u);
  EXPECT_EQ(place("small7"), Place::active);
  EXPECT_EQ(place("large7"), Place::unschedulable);
  EXPECT_EQ(place("lost7"), Place::unschedulable);
  move(event::pod_removed, "AssignedPodDelete");
  EXPECT_EQ(asked.size(), 3u) << "those that are ready are not asked about again";
}

TEST_F(QueueTest, AsksAboutTheOthersWhenOneOfThemHasGone) {
  for (const char* name : {"a", "b", "c"}) {
    set(MakePod(name));
    refuse(event::pod_removed);
  }
  clock.advance(10s);
  queue.remove("uid-a");
  set(MakePod("c").priority(1));
  EXPECT_EQ(place("c"), Place::active);
  move(event::pod_removed, "AssignedPodDelete");
  EXPECT_EQ(place("b"), Place::active);
  EXPECT_EQ(queue.size(), 2u);
}

TEST_F(QueueTest, APodThatWaitsForANodeIsAskedAboutAlone) {
  for (const char* name : {"a", "b", "c"}) {
    set(MakePod(name));
    QueuedPod tried = pop();
    if (tried.pod->uid() == "uid-a") tried.nominated_node = "n";
    queue.refused(std::move(tried), {event::pod_removed, 1}, clock.now());
  }
  auto nominated = MakePod("b");
  nominated.pod->status.nominatedNodeName = "m";
  set(nominated);
  clock.advance(10s);
  hint = [](const PodInfo& waiting, const Change&) { return waiting.uid() == "uid-b"; };
  move(event::pod_removed, "AssignedPodDelete");
  EXPECT_EQ(place("a"), Place::unschedulable);
  EXPECT_EQ(place("b"), Place::active);
  EXPECT_EQ(place("c"), Place::unschedulable);
}

TEST_F(QueueTest, ReconsidersWhatIsHeldBack) {
  set(MakePod("a"));
  refuse(0);
  queue.reconsider("uid-a", clock.now());
  EXPECT_EQ(place("a"), Place::backoff);
  clock.advance(1s);
  flush();
  queue.reconsider("uid-a", clock.now());
  EXPECT_EQ(place("a"), Place::active);
  queue.reconsider("uid-absent", clock.now());
}

TEST_F(QueueTest, BacksOffFromOneToTenSeconds) {
  set(MakePod("a"));
  for (const auto delay : {1s, 2s, 4s, 8s, 10s, 10s}) {
    refuse(event::node_added);
    move(event::node_added, "NodeAdd");
    EXPECT_EQ(queue.next_flush(), clock.now() + delay);
    clock.advance(delay - 1ms);
    flush();
    EXPECT_EQ(place("a"), Place::backoff);
    clock.advance(1ms);
    flush();
    EXPECT_EQ(place("a"), Place::active);
  }
}

TEST_F(QueueTest, ErrorsBackOffOnTheirOwnCount) {
  set(MakePod("a"));
  queue.failed(pop(), clock.now());
  EXPECT_EQ(queue.next_flush(), clock.now() + 1s);
  clock.advance(1s);
  flush();
  queue.failed(pop(), clock.now());
  EXPECT_EQ(queue.next_flush(), clock.now() + 2s);
  clock.advance(2s);
  flush();
  refuse(event::node_added);
  move(event::node_added, "NodeAdd");
  EXPECT_EQ(queue.next_flush(), clock.now() + 1s);
}

TEST_F(QueueTest, IsTriedAgainAfterFiveMinutes) {
  set(MakePod("a"));
  refuse(0);
  EXPECT_EQ(queue.next_flush(), clock.now() + 5min);
  clock.advance(5min - 1s);
  flush();
  EXPECT_EQ(place("a"), Place::unschedulable);
  clock.advance(1s);
  flush();
  EXPECT_EQ(place("a"), Place::active);
}

TEST_F(QueueTest, AChangeOfThePodItselfMakesItReadyAStatusDoesNot) {
  set(MakePod("a"));
  refuse(0);
  clock.advance(2s);
  auto patched = MakePod("a");
  patched.pod->status.phase = "Pending";
  set(patched);
  EXPECT_EQ(place("a"), Place::unschedulable);
  set(MakePod("a").tolerate("k", "Exists", "", ""));
  EXPECT_EQ(place("a"), Place::active);
}

TEST_F(QueueTest, GatedUntilTheGatesAreGone) {
  set(MakePod("a").gate("g"));
  EXPECT_EQ(place("a"), Place::gated);
  move(event::any, "any");
  EXPECT_EQ(next(), "");
  set(MakePod("a"));
  EXPECT_EQ(next(), "a");
}

TEST_F(QueueTest, RemovesFromEveryPlace) {
  for (const char* name : {"a", "b", "c"}) set(MakePod(name));
  refuse(0);
  queue.failed(pop(), clock.now());
  set(MakePod("d").gate("g"));
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_TRUE(queue.remove("uid-" + std::string(name)));
  EXPECT_FALSE(queue.remove("uid-a"));
  EXPECT_EQ(queue.size(), 0u);
  for (const auto at : {Place::active, Place::backoff, Place::unschedulable, Place::gated}) EXPECT_EQ(queue.size(at), 0u);
  EXPECT_EQ(queue.next_flush(), std::nullopt);
}

}  // namespace
}  // namespace plumb::scheduler
