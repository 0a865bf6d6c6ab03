// What a pod costs the scheduler. `cycle` is the decision alone, `pipeline` everything from the pod's creation in an in-memory cluster to its
// confirmed binding. The counter "evaluated" tells how many nodes were asked for each pod.
#include <benchmark/benchmark.h>

#include "reference/api/types/appsv1.h"
#include "reference/informer/fake_client.h"
#include "reference/scheduler/queue.h"
#include "reference/scheduler/scheduler.h"
#include "reference/scheduler/testing.h"

namespace plumb::scheduler {
namespace {

using namespace testing;

MakeNode node(int i) { return MakeNode("node-" + std::to_string(i), {{"cpu", "32"}, {"memory", "64Gi"}, {"pods", "110"}}); }
MakePod pod(const std::string& name) { return MakePod(name).container({{"cpu", "100m"}, {"memory", "128Mi"}}); }

void run(benchmark::State& state, Cycle& cycle, NodeTable& table, const PodInfoPtr& info) {
  std::size_t evaluated = 0;
  for (auto _ : state) {
    const Decision decision = cycle.run(*info);
    benchmark::DoNotOptimize(decision.node);
    evaluated += decision.evaluated;
    table.assume(info, decision.node->name());
    table.forget(info->uid());
  }
  state.counters["evaluated"] = benchmark::Counter(static_cast<double>(evaluated), benchmark::Counter::kAvgIterations);
}

void cycle(benchmark::State& state) {
  const auto nodes = static_cast<int>(state.range(0));
  const auto profile = std::move(*Profile::make({}));
  NodeTable table;
  for (int i = 0; i < nodes; ++i) table.set_node(node(i).node);
  Cycle cycle(*profile, table, real_clock(), 1);
  const auto info = std::make_shared<PodInfo>(pod("p").pod);
  run(state, cycle, table, info);
}
BENCHMARK(cycle)->Arg(100)->Arg(1000)->Arg(5000)->Arg(15000)->Unit(benchmark::kMicrosecond);

// A replica of a workload that has one on every node already, in 10 zones.
void cycle_of_replica(benchmark::State& state, const MakePod& replica) {
  const auto nodes = static_cast<int>(state.range(0));
  const auto profile = std::move(*Profile::make({}));
  NodeTable table;
  for (int i = 0; i < nodes; ++i) {
    table.set_node(node(i).label("kubernetes.io/hostname", "node-" + std::to_string(i)).label("topology.kubernetes.io/zone", "zone-" + std::to_string(i % 10)).node);
    auto there = std::make_shared<corev1::Pod>(*replica.pod);
    there->metadata.uid = "there-" + std::to_string(i);
    there->spec.nodeName = "node-" + std::to_string(i);
    table.set_pod(there);
  }
  Cycle cycle(*profile, table, real_clock(), 1);
  run(state, cycle, table, std::make_shared<PodInfo>(replica.pod));
}
void spread_hard(benchmark::State& state) {
  cycle_of_replica(state, pod("p").label("app", "web").spread(5, "topology.kubernetes.io/zone", "app", "web").spread(5, "kubernetes.io/hostname", "app", "web"));
}
void spread_soft(benchmark::State& state) {
  cycle_of_replica(state, pod("p").label("app", "web").spread(3, "kubernetes.io/hostname", "app", "web", corev1::ScheduleAnyway)
                              .spread(5, "topology.kubernetes.io/zone", "app", "web", corev1::ScheduleAnyway));
}
void affinity_required(benchmark::State& state) { cycle_of_replica(state, pod("p").label("app", "web").beside("app", "web", "topology.kubernetes.io/zone")); }
void anti_affinity_preferred(benchmark::State& state) {
  cycle_of_replica(state, pod("p").label("app", "web").apart_from("app", "web", "kubernetes.io/hostname", 100));
}
BENCHMARK(spread_hard)->Arg(1000)->Arg(5000)->Unit(benchmark::kMicrosecond);
BENCHMARK(spread_soft)->Arg(1000)->Arg(5000)->Unit(benchmark::kMicrosecond);
BENCHMARK(affinity_required)->Arg(1000)->Arg(5000)->Unit(benchmark::kMicrosecond);
BENCHMARK(anti_affinity_preferred)->Arg(1000)->Arg(5000)->Unit(benchmark::kMicrosecond);

// No node has room, all have pods of lower priority: the cost of choosing victims.
void preemption(benchmark::State& state) {
  const auto nodes = static_cast<int>(state.range(0));
  const auto profile = std::move(*Profile::make({}));
  NodeTable table;
  for (int i = 0; i < nodes; ++i) {
    table.set_node(node(i).node);
    for (int j = 0; j < 30; ++j)
      table.set_pod(MakePod("p" + std::to_string(i) + "-" + std::to_string(j)).container({{"cpu", "1"}}).priority(j % 3).on("node-" + std::to_string(i)).pod);
  }
  Cycle cycle(*profile, table, real_clock(), 1);
  const PodInfo info(MakePod("high").container({{"cpu", "4"}}).priority(10).pod);
  for (auto _ : state) benchmark::DoNotOptimize(cycle.run(info).victims);
}
BENCHMARK(preemption)->Arg(1000)->Arg(5000)->Unit(benchmark::kMicrosecond);

void refused_by_all(benchmark::State& state) {
  const auto nodes = static_cast<int>(state.range(0));
  const auto profile = std::move(*Profile::make({}));
  NodeTable table;
  for (int i = 0; i < nodes; ++i) table.set_node(node(i).node);
  Cycle cycle(*profile, table, real_clock(), 1);
  const PodInfo info(MakePod("big").container({{"cpu", "64"}}).pod);
  for (auto _ : state) benchmark::DoNotOptimize(cycle.run(info).message);
}
BENCHMARK(refused_by_all)->Arg(1000)->Arg(5000)->Unit(benchmark::kMicrosecond);

// A pod goes while so many that are alike wait, for which it does not leave enough room.
void event_beside_backlog(benchmark::State& state) {
  const auto profile = std::move(*Profile::make({}));
  NodeTable table;
  table.set_node(node(0).node);
  Cycle cycle(*profile, table, real_clock(), 1);
  SchedulingQueue queue(*profile->queue_sort.front().plugin, [](const PodInfo&) { return true; },
                        [&](const PodInfo& pod, const Refusers& refusers, const Change& change) { return profile->helps(pod, refusers, change); });
  for (int i = 0; i < state.range(0); ++i) {
    queue.set(std::make_shared<PodInfo>(MakePod("big" + std::to_string(i)).container({{"cpu", "64"}}).pod), Instant());
    QueuedPod tried = *queue.pop();
    const Refusers refusers = cycle.run(*tried.pod).refusers;
    queue.refused(std::move(tried), refusers, Instant());
  }
  for (auto _ : state) queue.move({.events = event::pod_removed, .node_name = "node-0"}, "AssignedPodDelete", Instant());
  if (queue.size(SchedulingQueue::Place::unschedulable) != static_cast<std::size_t>(state.range(0))) state.SkipWithError("some have been moved");
}
BENCHMARK(event_beside_backlog)->Arg(1000)->Arg(20000);

// Pods of a ReplicaSet are spread by default.
std::shared_ptr<appsv1::ReplicaSet> replica_set() {
  auto set = std::make_shared<appsv1::ReplicaSet>();
  set->metadata.namespace_ = "default";
  set->metadata.name = "web";
  set->spec.selector.ensure().matchLabels.set("app", "web");
  return set;
}
MakePod replica(const std::string& name) {
  MakePod made = pod(name).label("app", "web");
  metav1::OwnerReference& owner = made.pod->metadata.ownerReferences.emplace_back();
  owner.apiVersion = "apps/v1";
  owner.kind = "ReplicaSet";
  owner.name = "web";
  owner.controller = true;
  return made;
}

template <class Make>
void pipeline_of(benchmark::State& state, Make make) {
  const auto nodes = static_cast<int>(state.range(0));
  constexpr int pods = 5000;
  for (auto _ : state) {
    state.PauseTiming();
    auto client = std::make_unique<informer::FakeClient>(real_clock());
    auto informers = std::make_unique<informer::InformerFactory>(*client, real_clock());
    for (int i = 0; i < nodes; ++i) client->add(node(i).label("kubernetes.io/hostname", "node-" + std::to_string(i)).node);
    client->add(replica_set());
    auto scheduler = std::move(*Scheduler::make(*client, *informers, real_clock()));
    informers->start();
    for (int i = 0; i < pods; ++i) client->add(make("p" + std::to_string(i)).pod);
    state.ResumeTiming();
    const std::size_t tries = scheduler->run_pending();
    state.PauseTiming();
    if (tries != pods || scheduler->counts() != Scheduler::Counts()) state.SkipWithError("not every pod was placed at once");
    scheduler.reset();
    informers.reset();
    client.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * pods);
}
void pipeline(benchmark::State& state) { pipeline_of(state, pod); }
void pipeline_of_replicas(benchmark::State& state) { pipeline_of(state, replica); }
BENCHMARK(pipeline_of_replicas)->Arg(1000)->Arg(5000)->Unit(benchmark::kMillisecond)->Iterations(2);
BENCHMARK(pipeline)->Arg(1000)->Arg(5000)->Unit(benchmark::kMillisecond)->Iterations(2);

}  // namespace
}  // namespace plumb::scheduler
