// What policies cost: deciding alone, and with the kernel, in a network namespace of this program (skipped without root). 10,000 pods in 100 namespaces,
// 100 of them on this node; 1,000 policies, ten a namespace, each with a selector of its own.
//   whole   from objects to the kernel's table
//   change  one pod of another node changes its labels
#include <benchmark/benchmark.h>

#include "reference/informer/fake_client.h"
#include "reference/policy/enforcer.h"
#include "reference/policy/testing.h"
#include "reference/proxy/namespace_testing.h"

namespace plumb::policy {
namespace {

using namespace testing;

constexpr int spaces_count = 100;

class NoNftables final : public proxy::Nftables {
 public:
  Status run(const std::string& commands) override {
    benchmark::DoNotOptimize(commands.data());
    return {};
  }
};

std::string space_name(int i) { return "ns-" + std::to_string(i % spaces_count); }
std::string address(int i) { return "10." + std::to_string(128 + i / 62500) + "." + std::to_string(i / 250 % 250) + "." + std::to_string(i % 250 + 1); }
std::shared_ptr<corev1::Pod> pod_number(int i, int role) {
  return pod(space_name(i), "pod-" + std::to_string(i), {{"app", "app-" + std::to_string(i / spaces_count % 10)}, {"role", "role-" + std::to_string(role)}}, i % 100 == i / 100 ? "n1" : "n2", address(i));
}

class World {
 public:
  World(int policies, int pod_count, proxy::Nftables& nftables) {
    auto node = std::make_shared<corev1::Node>();
    node->metadata.name = "n1";
    client_.add(node);
    for (int i = 0; i < spaces_count; ++i) client_.add(space(space_name(i), {{"team", "team-" + std::to_string(i % 10)}}));
    for (int i = 0; i < pod_count; ++i) client_.add(pod_number(i, i % 20));
    for (int i = 0; i < policies; ++i) {
      auto made = policy(space_name(i), "policy-" + std::to_string(i), {{"app", "app-" + std::to_string(i / spaces_count % 10)}}, {"Ingress", "Egress"});
      allow_from(*made, {pods({{"role", "role-" + std::to_string(i % 20)}}), spaces({{"team", "team-" + std::to_string(i % 10)}})}, {port(80), port(443)});
      allow_to(*made, {pods({}), block("10.0.0.0/8", {"10.1.0.0/16"})}, {port(53, "UDP")});
      client_.add(made);
    }
    enforcer = std::make_unique<Enforcer>(EnforcerOptions{.node_name = "n1"}, informers_, nftables, real_clock(), [] {});
    informers_.start();
  }
  ~World() { informers_.stop(); }
  void change(int i, int role) { client_.add(pod_number(i, role)); }

 private:
  informer::FakeClient client_{real_clock()};
  informer::InformerFactory informers_{client_, real_clock()};

 public:
  std::unique_ptr<Enforcer> enforcer;
};

void run_whole(benchmark::State& state, proxy::Nftables& nftables) {
  for (auto _ : state) {
    state.PauseTiming();
    auto world = std::make_unique<World>(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)), nftables);
    state.ResumeTiming();
    if (const Status synced = world->enforcer->sync(); !synced.ok()) return state.SkipWithError(synced.error().message.c_str());
    state.PauseTiming();
    world.reset();
    state.ResumeTiming();
  }
}

void run_change(benchmark::State& state, proxy::Nftables& nftables) {
  World world(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)), nftables);
  if (const Status synced = world.enforcer->sync(); !synced.ok()) return state.SkipWithError(synced.error().message.c_str());
  int i = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const int which = i % static_cast<int>(state.range(1));
    world.change(which, which + ++i % 19 + 1);
    state.ResumeTiming();
    if (const Status synced = world.enforcer->sync(); !synced.ok()) return state.SkipWithError(synced.error().message.c_str());
  }
}

Result<std::unique_ptr<proxy::Nftables>> kernel() {
  static const Status entered = proxy::testing::enter_own_network();
  if (!entered.ok()) return entered.error();
  return proxy::open_nftables();
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
BENCHMARK(decide_whole)->Args({1000, 10000})->Unit(benchmark::kMillisecond);
BENCHMARK(decide_change)->Args({100, 1000})->Args({1000, 10000})->Unit(benchmark::kMicrosecond);
BENCHMARK(whole)->Args({1000, 10000})->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(change)->Args({1000, 10000})->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
}  // namespace plumb::policy
