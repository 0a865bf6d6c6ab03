// Transcripts of the pod's state machine: what is known goes in line by line, what is done comes out.
#include "reference/kubelet/decide.h"

#include <gtest/gtest.h>

#include "reference/kubelet/status.h"

namespace plumb::kubelet {
namespace {

using namespace std::chrono_literals;

struct Scene {
  VirtualClock clock;
  PodState state;
  std::shared_ptr<corev1::Pod> pod = std::make_shared<corev1::Pod>();

  explicit Scene(const char* policy = "Always") {
    pod->metadata.name = "p";
    pod->metadata.namespace_ = "ns";
    pod->metadata.uid = "u";
    pod->spec.restartPolicy = policy;
  }
  Scene& container(const char* name) { return pod->spec.containers.emplace_back().name = name, *this; }
  Scene& init(const char* name, bool sidecar = false) {
    auto& added = pod->spec.initContainers.emplace_back();
    added.name = name;
    if (sidecar) added.restartPolicy = "Always";
    return *this;
  }
  Scene& go() {
    set_pod(state, pod);
    state.acknowledged = clock.wall();
    return *this;
  }
  Scene& prepared() {
    go();
    state.volumes_ready = state.sandbox_ready = true;
    state.sandbox_id = "s";
    state.ips = {"10.0.0.2"};
    return *this;
  }
  ContainerSlot& slot(std::string_view name) {
    for (auto& item : state.slots)
      if (item.spec->name == name) return item;
    return state.slots.at(0);
  }
  void run(std::string_view name) {
    auto& item = slot(name);
    if (item.current) item.previous = item.current;
    const std::uint32_t attempt = item.current ? item.current->attempt + 1 : 0;
    if (item.current) note_restart(item, clock.now());
    item.current = ContainerRun{.id = std::string(name) + std::to_string(attempt), .attempt = attempt, .state = cri::ContainerState::running, .started_at = clock.wall()};
    item.started = item.ready = true;
    item.starting = item.stopping = state.start_busy = false;
  }
  void exit(std::string_view name, int code) {
    auto& item = slot(name);
    item.current->state = cri::ContainerState::exited;
    item.current->exit_code = code;
    item.current->reason = code == 0 ? "Completed" : "Error";
    item.current->finished_at = clock.wall();
    item.ended_at = clock.now();
    item.stopping = item.ready = item.started = false;
  }
  void remove(std::int64_t grace) {
    auto changed = std::make_shared<corev1::Pod>(*pod);
    changed->metadata.deletionTimestamp = api::Time::from(clock.wall());
    changed->metadata.deletionGracePeriodSeconds = grace;
    pod = changed;
    set_pod(state, pod);
    state.end = PodState::End::deleted;
  }
  // What decide() says, in one line; "wake 10s" when it wants to be asked again.
  std::string next() {
    const Decision decision = decide(state, clock.now());
    std::string text;
    for (const auto& action : decision.actions) text += (text.empty() ? "" : "; ") + describe(state, action);
    if (decision.wake)
      text += (text.empty() ? "wake " : "; wake ") + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(*decision.wake - clock.now()).count()) + "s";
    return text;
  }
  corev1::PodStatus status(const corev1::PodStatus& before = {}) { return make_status(state, before, {"192.0.2.1"}, clock.now(), clock.wall()); }
};

TEST(Decide, PreparesVolumesAndSandboxAtOnceThenStartsInOrder) {
  Scene scene;
  scene.init("i1").init("i2").container("a").container("b").go();
  EXPECT_EQ(scene.next(), "set up volumes; run sandbox");
  scene.state.volumes_busy = scene.state.sandbox_busy = true;
  EXPECT_EQ(scene.next(), "");
  scene.prepared();
  scene.state.volumes_busy = scene.state.sandbox_busy = false;
  EXPECT_EQ(scene.next(), "start i1");
  scene.run("i1");
  EXPECT_EQ(scene.next(), "");
  scene.exit("i1", 0);
  EXPECT_EQ(scene.next(), "start i2");
  scene.run("i2");
  scene.exit("i2", 0);
  EXPECT_EQ(scene.next(), "start a");
  scene.run("a");
  EXPECT_EQ(scene.next(), "start b");
  scene.run("b");
  EXPECT_EQ(scene.next(), "");
}

TEST(Decide, OneContainerIsStartedAtATime) {
  Scene scene;
  scene.container("a").container("b").prepared();
  scene.slot("a").starting = scene.state.start_busy = true;
  EXPECT_EQ(scene.next(), "");
}

TEST(Decide, CrashLoopsBackOffFromTenSecondsToFiveMinutes) {
  Scene scene;
  scene.container("a").prepared();
  scene.run("a");
  scene.exit("a", 1);
  EXPECT_EQ(scene.next(), "start a");  // the first time at once
  for (const int wait : {10, 20, 40, 80, 160, 300, 300}) {
    scene.run("a");
    scene.exit("a", 1);
    EXPECT_EQ(scene.next(), "wake " + std::to_string(wait) + "s");
    scene.clock.advance(std::chrono::seconds(wait) - 1ms);
    EXPECT_EQ(scene.next(), "wake 0s");
    scene.clock.advance(1ms);
    EXPECT_EQ(scene.next(), "start a");
  }
  scene.run("a");
  scene.clock.advance(11min);  // it ran long enough
  scene.exit("a", 1);
  EXPECT_EQ(scene.next(), "start a");
  scene.run("a");
  scene.exit("a", 1);
  EXPECT_EQ(scene.next(), "wake 10s");
}

TEST(Decide, RestartPoliciesHold) {
  Scene never("Never");
  never.container("a").prepared();
  never.run("a");
  never.exit("a", 1);
  EXPECT_EQ(never.next(), "tear down");
  EXPECT_EQ(never.status().phase, "Failed");
  Scene on_failure("OnFailure");
  on_failure.container("a").container("b").prepared();
  on_failure.run("a");
  on_failure.run("b");
  on_failure.exit("a", 0);
  on_failure.exit("b", 2);
  EXPECT_EQ(on_failure.next(), "start b");
  on_failure.run("b");
  on_failure.exit("b", 0);
  EXPECT_EQ(on_failure.next(), "tear down");
  EXPECT_EQ(on_failure.status().phase, "Succeeded");
  on_failure.state.torn_down = true;
  EXPECT_EQ(on_failure.next(), "");
}

TEST(Decide, AnInitContainerThatFailsForGoodFailsThePod) {
  Scene scene("Never");
  scene.init("i").container("a").prepared();
  scene.run("i");
  scene.exit("i", 1);
  EXPECT_EQ(scene.next(), "tear down");
  const auto status = scene.status();
  EXPECT_EQ(status.phase, "Failed");
  EXPECT_EQ(status.containerStatuses[0].state.waiting->reason, "PodInitializing");
}

TEST(Decide, SidecarsStartBeforeAndStopAfter) {
  Scene scene;
  scene.init("side", true).init("i").container("a").prepared();
  EXPECT_EQ(scene.next(), "start side");
  scene.run("side");
  scene.slot("side").started = false;
  EXPECT_EQ(scene.next(), "");
  scene.slot("side").started = true;
  EXPECT_EQ(scene.next(), "start i");
  scene.run("i");
  scene.exit("i", 0);
  EXPECT_EQ(scene.next(), "start a");
  scene.run("a");
  scene.remove(30);
  EXPECT_EQ(scene.next(), "stop a (grace 30s)");
  scene.slot("a").stopping = true;
  scene.slot("a").stop_by = scene.clock.now() + 30s;
  EXPECT_EQ(scene.next(), "");
  scene.exit("a", 0);
  EXPECT_EQ(scene.next(), "stop side (grace 30s)");
}

TEST(Decide, DeletionStopsTearsDownAndFinishes) {
  Scene scene;
  scene.container("a").container("b").prepared();
  scene.run("a");
  scene.run("b");
  scene.remove(30);
  EXPECT_EQ(scene.next(), "stop a (grace 30s); stop b (grace 30s)");
  for (const char* name : {"a", "b"}) {
    scene.slot(name).stopping = true;
    scene.slot(name).stop_by = scene.clock.now() + 30s;
  }
  EXPECT_EQ(scene.next(), "");
  scene.clock.advance(5s);
  scene.remove(3);  // deleted again, with less grace
  EXPECT_EQ(scene.next(), "stop a (grace 3s); stop b (grace 3s)");
  scene.exit("a", 143);
  scene.exit("b", 0);
  EXPECT_EQ(scene.next(), "tear down");
  scene.state.torn_down = true;
  EXPECT_EQ(scene.next(), "finish");
  EXPECT_EQ(scene.status().phase, "Failed");
}

TEST(Decide, DeletionWaitsForAStartUnderWay) {
  Scene scene;
  scene.container("a").prepared();
  scene.slot("a").starting = scene.state.start_busy = true;
  scene.remove(30);
  EXPECT_EQ(scene.next(), "");
  scene.run("a");
  EXPECT_EQ(scene.next(), "stop a (grace 30s)");
}

TEST(Decide, AProbeThatFailedRestartsTheContainer) {
  Scene scene;
  scene.container("a").prepared();
  scene.run("a");
  scene.slot("a").kill_reason = "Container a failed liveness probe, will be restarted";
  EXPECT_EQ(scene.next(), "stop a (grace 30s): Container a failed liveness probe, will be restarted");
  scene.slot("a").kill_grace_seconds = 5;
  EXPECT_EQ(scene.next(), "stop a (grace 5s): Container a failed liveness probe, will be restarted");
  scene.exit("a", 137);
  scene.slot("a").kill_reason.clear();
  EXPECT_EQ(scene.next(), "start a");
}

TEST(Decide, ALostSandboxIsMadeAnew) {
  Scene scene;
  scene.container("a").prepared();
  scene.run("a");
  scene.state.sandbox_ready = false;
  scene.exit("a", 137);
  EXPECT_EQ(scene.next(), "run sandbox");
}

TEST(Status, ShowsWaitingRunningAndCrashLooping) {
  Scene scene;
  scene.container("a").go();
  auto status = scene.status();
  EXPECT_EQ(status.phase, "Pending");
  EXPECT_EQ(status.containerStatuses[0].state.waiting->reason, "ContainerCreating");
  scene.prepared();
  scene.run("a");
  status = scene.status(status);
  EXPECT_EQ(status.phase, "Running");
  EXPECT_TRUE(status.containerStatuses[0].ready);
  EXPECT_EQ(status.podIP, "10.0.0.2");
  EXPECT_EQ(status.hostIP, "192.0.2.1");
  scene.exit("a", 3);
  scene.run("a");
  scene.exit("a", 3);
  status = scene.status(status);
  EXPECT_EQ(status.phase, "Running");
  const auto& container = status.containerStatuses[0];
  EXPECT_EQ(container.state.waiting->reason, "CrashLoopBackOff");
  EXPECT_EQ(container.state.waiting->message, "back-off 10s restarting failed container=a pod=p_ns(u)");
  EXPECT_EQ(container.lastState.terminated->exitCode, 3);
  EXPECT_EQ(container.restartCount, 1);
}

TEST(Status, ConditionsKeepTheirTransitionTimesAndThoseOfOthers) {
  Scene scene;
  scene.container("a").prepared();
  scene.pod->spec.readinessGates.emplace_back().conditionType = "gate";
  scene.prepared();
  scene.run("a");
  auto status = scene.status();
  const auto find = [](const corev1::PodStatus& from, std::string_view type) {
    for (const auto& item : from.conditions)
      if (item.type == type) return item;
    return corev1::PodCondition{};
  };
  EXPECT_EQ(find(status, "ContainersReady").status, "True");
  EXPECT_EQ(find(status, "Ready").reason, "ReadinessGatesNotReady");
  auto& gate = status.conditions.emplace_back();
  gate.type = "gate";
  gate.status = "True";
  scene.clock.advance(1min);
  const auto later = scene.status(status);
  EXPECT_EQ(find(later, "Ready").status, "True");
  EXPECT_EQ(find(later, "gate").status, "True");
  EXPECT_EQ(find(later, "ContainersReady").lastTransitionTime, find(status, "ContainersReady").lastTransitionTime);
  EXPECT_FALSE(find(later, "Ready").lastTransitionTime == find(status, "Ready").lastTransitionTime);
}

TEST(Status, APodThatWasNotAdmittedSaysWhyAndNothingElse) {
  Scene scene;
  scene.container("a").go();
  scene.state.end = PodState::End::failed;
  scene.state.end_reason = "OutOfcpu";
  scene.state.end_message = "Node didn't have enough resource: cpu";
  const auto status = scene.status();
  EXPECT_EQ(status.phase, "Failed");
  EXPECT_EQ(status.reason, "OutOfcpu");
  EXPECT_TRUE(status.containerStatuses.empty());
}

TEST(Status, QualityOfServiceFollowsRequestsAndLimits) {
  Scene scene;
  scene.container("a");
  EXPECT_EQ(qos_class(*scene.pod), "BestEffort");
  scene.pod->spec.containers[0].resources.requests = {{"cpu", "100m"}};
  EXPECT_EQ(qos_class(*scene.pod), "Burstable");
  scene.pod->spec.containers[0].resources.requests = {};
  scene.pod->spec.containers[0].resources.limits = {{"cpu", "1"}, {"memory", "1Gi"}};
  EXPECT_EQ(qos_class(*scene.pod), "Guaranteed");
}

}  // namespace
}  // namespace plumb::kubelet
