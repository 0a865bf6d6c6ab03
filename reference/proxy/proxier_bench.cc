// What rules cost: deciding alone, and with the kernel, in a network namespace of this program (skipped without root).
//   whole/10000   10,000 Services with 10 endpoints each, from nothing to the kernel's table
//   change/10000  one endpoint more or less, while there are as many
#include <benchmark/benchmark.h>

#include "reference/informer/fake_client.h"
#include "reference/proxy/namespace_testing.h"
#include "reference/proxy/proxier.h"
#include "reference/proxy/testing.h"

namespace plumb::proxy {
namespace {

using namespace testing;

constexpr int endpoints_each = 10;

class NoNftables final : public Nftables {
 public:
  Status run(const std::string& commands) override {
    benchmark::DoNotOptimize(commands.data());
    return {};
  }
};

std::string service_ip(int i) { return "10." + std::to_string(96 + i / 65000) + "." + std::to_string(i / 250 % 256) + "." + std::to_string(i % 250 + 1); }

std::shared_ptr<discoveryv1::EndpointSlice> endpoints(int i, int count) {
  std::vector<At> list;
  for (int n = i * endpoints_each; n < i * endpoints_each + count; ++n)
    list.push_back({"10." + std::to_string(128 + n / 62500) + "." + std::to_string(n / 250 % 250) + "." + std::to_string(n % 250 + 1), n % 100 == 0 ? "n1" : "n2"});
  return slice("svc-" + std::to_string(i), list);
}

class World {
 public:
  World(int services, Nftables& nftables) {
    auto node = std::make_shared<corev1::Node>();
    node->metadata.name = "n1";
    client_.add(node);
    for (int i = 0; i < services; ++i) {
      client_.add(service("svc-" + std::to_string(i), service_ip(i)));
      client_.add(endpoints(i, endpoints_each));
    }
    ProxierOptions options{.node_name = "n1", .node_ips = {ip("192.0.2.10")}};
    proxier = std::make_unique<Proxier>(options, informers_, nftables, nullptr, real_clock(), [] {});
    informers_.start();
  }
  ~World() { informers_.stop(); }
  void change(int i, int count) { client_.add(endpoints(i, count)); }

 private:
  informer::FakeClient client_{real_clock()};
  informer::InformerFactory informers_{client_, real_clock()};

 public:
  std::unique_ptr<Proxier> proxier;
};

Result<std::unique_ptr<Nftables>> kernel() {
  static const Status entered = enter_own_network();
  if (!entered.ok()) return entered.error();
  return open_nftables();
}

void run_whole(benchmark::State& state, Nftables& nftables) {
  for (auto _ : state) {
    state.PauseTiming();
    auto world = std::make_unique<World>(static_cast<int>(state.range(0)), nftables);
    state.ResumeTiming();
    if (const Status synced = world->proxier->sync(); !synced.ok()) return state.SkipWithError(synced.error().message.c_str());
    state.PauseTiming();
    state.counters["elements"] = static_cast<double>(world->proxier->element_count());
    world.reset();
    state.ResumeTiming();
  }
}

void run_change(benchmark::State& state, Nftables& nftables) {
  World world(static_cast<int>(state.range(0)), nftables);
  if (const Status synced = world.proxier->sync(); !synced.ok()) return state.SkipWithError(synced.error().message.c_str());
  int i = 0;
  for (auto _ : state) {
    state.PauseTiming();
    world.change(i / 2 % static_cast<int>(state.range(0)), i % 2 == 0 ? endpoints_each - 1 : endpoints_each);
    ++i;
    state.ResumeTiming();
    if (const Status synced = world.proxier->sync(); !synced.ok()) return state.SkipWithError(synced.error().message.c_str());
  }
}

void decide_whole(benchmark::State& state) {
  NoNftables none;
  run_whole(state, none);
}
void decide_change(benchmark::State& state) {
  NoNftables none;
  run_change(state, none);
}
void whole(benchmark::State& state) {
  auto nftables = kernel();
  if (!nftables.ok()) return state.SkipWithError(nftables.error().message.c_str());
  run_whole(state, **nftables);
}
void change(benchmark::State& state) {
  auto nftables = kernel();
  if (!nftables.ok()) return state.SkipWithError(nftables.error().message.c_str());
  run_change(state, **nftables);
}
BENCHMARK(decide_whole)->Arg(1000)->Arg(10000)->Unit(benchmark::kMillisecond);
BENCHMARK(decide_change)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);
BENCHMARK(whole)->Arg(1000)->Arg(10000)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(change)->Arg(1000)->Arg(10000)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace plumb::proxy
