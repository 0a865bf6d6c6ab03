// What a pod costs the scheduler. `cycle` is the decision alone, `pipeline` everything from the pod's creation in an in-memory cluster to its
// confirmed binding. The counter "evaluated" tells how many nodes were asked for each pod.
#include <benchmark/benchmark.h>

#include "reference/informer/fake_client.h"
#include "reference/scheduler/scheduler.h"
#include "reference/scheduler/testing.h"

namespace plumb::scheduler {
namespace {

using namespace testing;

MakeNode node(int i) { return MakeNode("node-" + std::to_string(i), {{"cpu", "32"}, {"memory", "64Gi"}, {"pods", "110"}}); }
MakePod pod(const std::string& name) { return MakePod(name).container({{"cpu", "100m"}, {"memory", "128Mi"}}); }

void cycle(benchmark::State& state) {
  const auto nodes = static_cast<int>(state.range(0));
  const auto profile = std::move(*Profile::make({}));
  NodeTable table;
  for (int i = 0; i < nodes; ++i) table.set_node(node(i).node);
  Cycle cycle(*profile, table, real_clock(), 1);
  const auto info = std::make_shared<PodInfo>(pod("p").pod);
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
BENCHMARK(cycle)->Arg(100)->Arg(1000)->Arg(5000)->Arg(15000)->Unit(benchmark::kMicrosecond);

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

void pipeline(benchmark::State& state) {
  const auto nodes = static_cast<int>(state.range(0));
  constexpr int pods = 5000;
  for (auto _ : state) {
    state.PauseTiming();
    auto client = std::make_unique<informer::FakeClient>(real_clock());
    auto informers = std::make_unique<informer::InformerFactory>(*client, real_clock());
    for (int i = 0; i < nodes; ++i) client->add(node(i).node);
    auto scheduler = std::move(*Scheduler::make(*client, *informers, real_clock()));
    informers->start();
    for (int i = 0; i < pods; ++i) client->add(pod("p" + std::to_string(i)).pod);
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
BENCHMARK(pipeline)->Arg(1000)->Arg(5000)->Unit(benchmark::kMillisecond)->Iterations(2);

}  // namespace
}  // namespace plumb::scheduler
