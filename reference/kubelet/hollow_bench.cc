// How long simulated nodes take to bring pods to Running, and what a pod costs in memory, against a cluster in memory.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "reference/informer/fake_client.h"
#include "reference/kubelet/hollow.h"
#include "reference/kubelet/pod_state.h"

namespace plumb::kubelet {
namespace {

double resident_bytes() {
  long pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

void hollow_pods(benchmark::State& state) {
  const int nodes = static_cast<int>(state.range(0)), count = static_cast<int>(state.range(1));
  for (auto _ : state) {
    state.PauseTiming();
    const double before = resident_bytes();
    informer::FakeClient client(real_clock());
    HollowOptions options;
    options.nodes = nodes;
    HollowNodes hollow(client, real_clock(), options);
    hollow.start();
    state.ResumeTiming();
    for (int n = 0; n < count; n++) {
      auto pod = std::make_shared<corev1::Pod>();
      pod->metadata.name = "pod-" + std::to_string(n);
      pod->metadata.namespace_ = "default";
      pod->spec.nodeName = "hollow-node-" + std::to_string(n % nodes);
      auto& container = pod->spec.containers.emplace_back();
      container.name = "main";
      container.image = "registry.example/image:1";
      (void)client.create<corev1::Pod>(pod);
    }
    const auto running = [&] {
      int found = 0;
      for (const auto& pod : client.all<corev1::Pod>()) found += pod->status.phase == "Running";
      return found;
    };
    while (running() < count) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    state.PauseTiming();
    state.counters["bytes/pod"] = (resident_bytes() - before) / count;
    state.ResumeTiming();
  }
  state.counters["pods/s"] = benchmark::Counter(static_cast<double>(count * state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(hollow_pods)->Args({100, 1000})->Args({5000, 50000})->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace plumb::kubelet
