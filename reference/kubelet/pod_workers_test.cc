// The workers against a runtime and a cluster in memory, under a virtual clock.
#include "reference/kubelet/pod_workers.h"

#include <gtest/gtest.h>

#include "reference/cri/fake.h"
#include "reference/informer/fake_client.h"
#include "reference/informer/informer.h"
#include "reference/kubelet/admission.h"
#include "reference/kubelet/node_agent.h"
#include "reference/kubelet/status.h"

namespace plumb::kubelet {
namespace {

using namespace std::chrono_literals;

class TestHost final : public PodHost {
 public:
  Status admit(const corev1::Pod& pod, const std::vector<PodPtr>& others, const corev1::Node* node) override {
    if (!refuse.ok()) return refuse;
    return admit_to_node(pod, others, {8000, 1 << 30, 1 << 30, 110}, {}, node);
  }
  Status set_up(const PodPtr&) override { return volumes; }
  Result<cri::SandboxConfig> sandbox_config(const corev1::Pod& pod, std::uint32_t attempt) override { return basic_sandbox_config(pod, attempt); }
  Result<cri::ContainerConfig> container_config(const corev1::Pod& pod, const corev1::Container& container, std::uint32_t attempt,
                                                const std::vector<std::string>&) override {
    return basic_container_config(pod, container, attempt);
  }
  std::string termination_message(const corev1::Pod&, const corev1::Container&, const ContainerRun&) override { return words; }
  Result<std::vector<cri::RegistryAuth>> registry_auths(const corev1::Pod&, const std::string&) override { return std::vector<cri::RegistryAuth>{}; }
  Status tear_down(const corev1::Pod&) override { return {}; }
  void remove(const corev1::Pod&) override { removed++; }
  Status refuse, volumes;
  std::string words;
  int removed = 0;
};

class TestProbes final : public ProbeRunner {
 public:
  ProbeOutcome probe(const ProbeTarget& target, const corev1::ProbeHandler&, Duration) override {
    asked.push_back(target.container_id);
    return {success, success ? "" : "no"};
  }
  bool success = true;
  std::vector<std::string> asked;
};

class Workers : public ::testing::Test {
 protected:
  Workers() { start(); }
  ~Workers() override {
    informer.reset();
    workers.reset();
  }
  void start() {
    NodeServices services{clock, client, runtime, executor, host, &probes, nullptr, "node", "192.0.2.1", &start_times};
    workers = std::make_unique<PodWorkers>(services);
    ASSERT_TRUE(workers->adopt().ok());
    informer = std::make_unique<informer::Informer>(client, clock, informer::resource_of<corev1::Pod>(), informer::Scope{"", "", "spec.nodeName=node"});
    informer->add_handler([this](const auto& before, const auto& after) {
      if (after) start_times.saw(*api::as<corev1::Pod>(after), clock.wall());
      if (after) workers->update(api::as<corev1::Pod>(after));
      else workers->removed(*api::as<corev1::Pod>(before));
    });
    informer->start();
    settle();
  }
  void stop() {
    informer.reset();
    workers.reset();
  }
  void settle() {
    while (executor.run_all()) {
    }
  }
  void pass(Duration time) {
    const Instant end = clock.now() + time;
    settle();
    while (clock.now() < end && clock.advance_to_next(end - clock.now())) settle();
    clock.advance(end - clock.now());
    settle();
    clock.advance({});  // what settling has made due
    settle();
  }
  std::shared_ptr<corev1::Pod> make_pod(const char* policy = "Always") {
    auto pod = std::make_shared<corev1::Pod>();
    pod->metadata.name = "p";
    pod->metadata.namespace_ = "ns";
    pod->spec.nodeName = "node";
    pod->spec.restartPolicy = policy;
    auto& container = pod->spec.containers.emplace_back();
    container.name = "main";
    container.image = "image:1";
    return pod;
  }
  void create(const std::shared_ptr<corev1::Pod>& pod) {
    ASSERT_TRUE(client.create<corev1::Pod>(pod).ok());
    settle();
  }
  PodPtr pod() { return client.find<corev1::Pod>("ns/p"); }
  std::string ready() {
    for (const auto& item : pod()->status.conditions)
      if (item.type == "Ready") return item.status.str();
    return "none";
  }
  std::string running_id() {
    const auto list = runtime.list_containers({.state = cri::ContainerState::running});
    return list->empty() ? "" : list->at(0).id;
  }

  VirtualClock clock;
  informer::FakeClient client{clock};
  cri::FakeBehaviour behaviour;
  cri::FakeRuntime runtime{clock, {.behaviour = [this](const cri::ContainerConfig&) { return behaviour; }}};
  ManualExecutor executor;
  TestHost host;
  TestProbes probes;
  std::vector<PodStart> starts;
  std::vector<Duration> until_running;
  PodStartTimes start_times{[this](const PodStart& start) { starts.push_back(start); }, [this](Duration took) { until_running.push_back(took); }};
  std::unique_ptr<PodWorkers> workers;
  std::unique_ptr<informer::Informer> informer;
};

TEST_F(Workers, APodRunsAndIsReportedReady) {
  create(make_pod());
  EXPECT_EQ(pod()->status.phase, "Running");
  EXPECT_EQ(ready(), "True");
  EXPECT_EQ(pod()->status.podIP, "10.0.0.2");
  EXPECT_EQ(runtime.list_sandboxes({})->size(), 1u);
}

TEST_F(Workers, AStartIsMeasuredWithoutItsInitContainers) {
  auto wanted = make_pod();
  auto& init = wanted->spec.initContainers.emplace_back();
  init.name = "first";
  init.image = "image:1";
  create(wanted);
  pass(4s);
  EXPECT_TRUE(starts.empty());
  ASSERT_TRUE(runtime.end_container(running_id(), 0).ok());
  pass(5s);
  EXPECT_EQ(pod()->status.phase, "Running");
  ASSERT_EQ(starts.size(), 1u);
  EXPECT_GE(starts[0].total, 4s);
  EXPECT_LT(starts[0].total, 6s);
  EXPECT_EQ(starts[0].total - *starts[0].sli, 4s);
  ASSERT_EQ(until_running.size(), 1u);
  EXPECT_GE(until_running[0], 4s);
}

TEST_F(Workers, FewStatusesAreWritten) {
  create(make_pod());
  pass(5min);
  int updates = 0;
  for (const auto& line : client.take_log()) updates += line.find("update pods/status") != std::string::npos;
  EXPECT_EQ(updates, 1);
}

TEST_F(Workers, ADeletedPodIsStoppedReportedAndRemoved) {
  create(make_pod());
  metav1::DeleteOptions options;
  options.gracePeriodSeconds = 30;
  ASSERT_TRUE(client.remove<corev1::Pod>("ns", "p", options).ok());
  pass(1s);
  EXPECT_EQ(pod(), nullptr);
  EXPECT_TRUE(runtime.list_sandboxes({})->empty());
  EXPECT_EQ(workers->size(), 0u);
  EXPECT_EQ(host.removed, 1);
}

TEST_F(Workers, AContainerThatEndsIsRestartedAndCounted) {
  create(make_pod());
  const auto first = running_id();
  ASSERT_TRUE(runtime.end_container(first, 3).ok());
  settle();
  EXPECT_NE(running_id(), first);
  const auto& status = pod()->status.containerStatuses[0];
  EXPECT_EQ(status.restartCount, 1);
  EXPECT_EQ(status.lastState.terminated->exitCode, 3);
  ASSERT_TRUE(runtime.end_container(running_id(), 4, "OOMKilled").ok());
  settle();
  EXPECT_EQ(pod()->status.containerStatuses[0].state.waiting->reason, "CrashLoopBackOff");
  EXPECT_EQ(pod()->status.containerStatuses[0].lastState.terminated->reason, "OOMKilled");
  EXPECT_EQ(ready(), "False");
  pass(10s);
  EXPECT_EQ(pod()->status.containerStatuses[0].restartCount, 2);
  EXPECT_EQ(ready(), "True");
  EXPECT_EQ(runtime.list_containers({})->size(), 2u);  // older ones are removed
}

TEST_F(Workers, AJobEndsWithItsContainer) {
  create(make_pod("Never"));
  host.words = "bye";
  ASSERT_TRUE(runtime.end_container(running_id(), 0).ok());
  settle();
  EXPECT_EQ(pod()->status.phase, "Succeeded");
  EXPECT_EQ(pod()->status.containerStatuses[0].state.terminated->message, "bye");
  EXPECT_EQ(pod()->status.podIP, "10.0.0.2");
  EXPECT_FALSE(runtime.list_sandboxes({})->at(0).ready);
}

TEST_F(Workers, AnImageThatCannotBePulledBacksOff) {
  runtime.fail_next("pull_image", 2, fail(Code::unavailable, "no such registry"));
  auto wanted = make_pod();
  wanted->spec.containers[0].imagePullPolicy = "Always";
  create(wanted);
  EXPECT_EQ(pod()->status.containerStatuses[0].state.waiting->reason, "ErrImagePull");
  pass(2s);
  EXPECT_EQ(pod()->status.containerStatuses[0].state.waiting->reason, "ImagePullBackOff");
  pass(8500ms);
  EXPECT_EQ(pod()->status.containerStatuses[0].state.waiting->reason, "ErrImagePull");
  pass(30s);
  EXPECT_EQ(pod()->status.phase, "Running");
}

TEST_F(Workers, ReadinessAndLivenessFollowTheProbes) {
  auto wanted = make_pod();
  auto& probe = wanted->spec.containers[0].readinessProbe.ensure();
  probe.periodSeconds = 5;
  probe.failureThreshold = 2;
  probe.probeHandler.tcpSocket.ensure().port = 80;
  auto& live = wanted->spec.containers[0].livenessProbe.ensure();
  live = probe;
  live.failureThreshold = 3;
  probes.success = false;
  create(wanted);
  EXPECT_EQ(ready(), "False");
  const auto first = running_id();
  probes.success = true;
  pass(5s);
  EXPECT_EQ(ready(), "True");
  probes.success = false;
  pass(5s);
  EXPECT_EQ(ready(), "True");
  pass(5s);
  EXPECT_EQ(ready(), "False");
  EXPECT_EQ(running_id(), first);
  pass(5s);
  EXPECT_NE(running_id(), first);
  EXPECT_EQ(pod()->status.containerStatuses[0].restartCount, 1);
}

TEST_F(Workers, AnAnswerThatComesLateTakesNothingBack) {
  behaviour.start_delay = 1s;
  runtime.delay_next_status([&] { behaviour.start_delay = 0s, clock.advance(1s), settle(); });
  auto wanted = make_pod();
  auto& live = wanted->spec.containers[0].livenessProbe.ensure();
  live.periodSeconds = live.failureThreshold = 1;
  live.initialDelaySeconds = 3;
  live.probeHandler.tcpSocket.ensure().port = 80;
  create(wanted);
  EXPECT_EQ(ready(), "True");
  EXPECT_EQ(pod()->status.containerStatuses[0].restartCount, 0);
  probes.success = false;
  pass(5s);
  EXPECT_EQ(pod()->status.containerStatuses[0].restartCount, 1);
}

TEST_F(Workers, AStartupProbeHoldsBackTheOthers) {
  auto wanted = make_pod();
  auto& probe = wanted->spec.containers[0].startupProbe.ensure();
  probe.periodSeconds = 1;
  probe.failureThreshold = 30;
  probe.probeHandler.tcpSocket.ensure().port = 80;
  wanted->spec.containers[0].readinessProbe = probe;
  probes.success = false;
  create(wanted);
  pass(3s);
  EXPECT_FALSE(pod()->status.containerStatuses[0].started.value_or(true));
  probes.success = true;
  pass(1s);
  EXPECT_TRUE(pod()->status.containerStatuses[0].started.value_or(false));
  EXPECT_EQ(ready(), "True");
}

TEST_F(Workers, AKubeletThatStartsAgainAdoptsWhatRuns) {
  create(make_pod());
  const auto id = running_id();
  stop();
  client.take_log();
  start();
  pass(1min);
  EXPECT_EQ(running_id(), id);
  EXPECT_EQ(runtime.list_sandboxes({})->size(), 1u);
  for (const auto& line : client.take_log()) EXPECT_EQ(line.find("update"), std::string::npos) << line;
  ASSERT_TRUE(runtime.end_container(id, 1).ok());
  settle();
  EXPECT_EQ(pod()->status.containerStatuses[0].restartCount, 1);
}

TEST_F(Workers, WhatBelongsToNoPodIsRemoved) {
  create(make_pod());
  stop();
  client.erase(informer::resource_of<corev1::Pod>(), "ns/p");
  start();
  workers->remove_orphans();
  pass(1min);
  EXPECT_TRUE(runtime.list_sandboxes({})->empty());
  EXPECT_EQ(workers->size(), 0u);
}

TEST_F(Workers, APodGoneFromTheApiIsStopped) {
  create(make_pod());
  client.erase(informer::resource_of<corev1::Pod>(), "ns/p");
  pass(1min);
  EXPECT_TRUE(runtime.list_sandboxes({})->empty());
  EXPECT_EQ(workers->size(), 0u);
}

TEST_F(Workers, ARefusedPodFailsWithTheReason) {
  host.refuse = fail(Code::resource_exhausted, "full", "OutOfpods");
  create(make_pod());
  EXPECT_EQ(pod()->status.phase, "Failed");
  EXPECT_EQ(pod()->status.reason, "OutOfpods");
  EXPECT_TRUE(runtime.list_sandboxes({})->empty());
}

TEST_F(Workers, APodIsJudgedByTheNodeAsItIsNow) {
  auto node = std::make_shared<corev1::Node>();
  node->metadata.name = "node";
  node->metadata.labels.set("disk", "fast");
  ASSERT_TRUE(client.create<corev1::Node>(node).ok());
  auto equipped = std::make_shared<corev1::Node>(*client.find<corev1::Node>("node"));
  equipped->status.allocatable.set("plumb.io/x", "3");
  ASSERT_TRUE(client.update_status<corev1::Node>(equipped).ok());
  auto wanted = make_pod();
  wanted->spec.nodeSelector.set("disk", "fast");
  wanted->spec.containers[0].resources.requests.set("plumb.io/x", "2");
  create(wanted);
  EXPECT_EQ(pod()->status.phase, "Running");
  auto second = make_pod();
  second->metadata.name = "q";
  second->spec.containers[0].resources.requests.set("plumb.io/x", "2");
  create(second);
  EXPECT_EQ(client.find<corev1::Pod>("ns/q")->status.reason, "OutOfplumb.io/x");
  auto third = make_pod();
  third->metadata.name = "r";
  third->spec.nodeSelector.set("disk", "slow");
  create(third);
  EXPECT_EQ(client.find<corev1::Pod>("ns/r")->status.reason, "NodeAffinity");
}

TEST_F(Workers, ExtendedResourcesOfTheNodeAreKeptAndAllocatable) {
  NodeDescription description;
  description.name = "node";
  description.status = [] {
    corev1::NodeStatus status;
    status.capacity = {{"cpu", "1"}};
    status.allocatable = status.capacity;
    return status;
  };
  NodeAgent agent(client, clock, description);
  agent.start();
  auto changed = std::make_shared<corev1::Node>(*client.find<corev1::Node>("node"));
  changed->status.capacity.set("plumb.io/x", "3");
  ASSERT_TRUE(client.update_status<corev1::Node>(changed).ok());
  agent.saw(client.find<corev1::Node>("node"));
  const auto now = client.find<corev1::Node>("node");
  ASSERT_TRUE(now->status.allocatable.find("plumb.io/x"));
  EXPECT_TRUE(now->status.capacity.find("plumb.io/x"));
  EXPECT_TRUE(now->status.allocatable.find("cpu"));
}

TEST_F(Workers, ADeadlineEndsThePod) {
  auto wanted = make_pod();
  wanted->spec.activeDeadlineSeconds = 60;
  create(wanted);
  pass(61s);
  EXPECT_EQ(pod()->status.phase, "Failed");
  EXPECT_EQ(pod()->status.reason, "DeadlineExceeded");
  EXPECT_EQ(running_id(), "");
}

TEST_F(Workers, VolumesThatFailAreTriedAgain) {
  host.volumes = fail(Code::not_found, "configmap \"x\" not found");
  create(make_pod());
  EXPECT_EQ(pod()->status.phase, "Pending");
  host.volumes = {};
  pass(10s);
  EXPECT_EQ(pod()->status.phase, "Running");
}

TEST_F(Workers, AStatusThatMeetsAConflictIsWrittenAgain) {
  int refusals = 2;
  client.intercept([&](const informer::Request& request) -> std::optional<Error> {
    if (request.subresource != "status" || refusals-- <= 0) return std::nullopt;
    return Error{Code::conflict, "changed", "Conflict", 409};
  });
  create(make_pod());
  EXPECT_EQ(pod()->status.phase, "Running");
}

TEST_F(Workers, ARelistFindsWhatNoEventTold) {
  create(make_pod());
  const auto sandbox = runtime.list_sandboxes({})->at(0).id;
  ASSERT_TRUE(runtime.stop_sandbox(sandbox).ok());
  workers->relist();
  pass(1s);
  EXPECT_EQ(ready(), "True");
  EXPECT_EQ(runtime.list_sandboxes({.ready = true})->size(), 1u);
}

TEST_F(Workers, TheNodeRegistersRenewsItsLeaseAndReports) {
  NodeDescription description;
  description.name = "node";
  description.labels = standard_node_labels("node");
  std::string problem;
  description.status = [&] {
    corev1::NodeStatus status;
    status.conditions = node_conditions(problem);
    return status;
  };
  NodeAgent agent(client, clock, description);
  agent.start();
  const auto node = [&] { return client.find<corev1::Node>("node"); };
  ASSERT_TRUE(node());
  EXPECT_EQ(node()->metadata.labels.get("kubernetes.io/hostname"), "node");
  client.take_log();
  pass(60s);
  int leases = 0, statuses = 0;
  for (const auto& line : client.take_log()) {
    leases += line.find("leases") != std::string::npos;
    statuses += line.find("nodes/status") != std::string::npos;
  }
  EXPECT_EQ(leases, 6);
  EXPECT_LE(statuses, 1);
  problem = "container runtime is down";
  pass(10s);
  bool told = false;
  for (const auto& item : node()->status.conditions) told |= item.type == "Ready" && item.status == "False";
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace plumb::kubelet
