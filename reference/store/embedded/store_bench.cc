// Durable puts of 2 KB by so many writers in flight.
#include <benchmark/benchmark.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "harness/base/clock.h"
#include "harness/base/random.h"
#include "reference/store/embedded/embedded_store.h"

namespace plumb::store {
namespace {

void put(benchmark::State& state) {
  const std::string dir = std::filesystem::temp_directory_path() / ("plumb-bench-" + random_suffix(8));
  {
    const auto store = EmbeddedStore::open({.dir = dir}, real_clock()).value();
    const Bytes value = bytes(std::string(2000, 'v'));
    std::mutex mutex;
    std::condition_variable changed;
    std::int64_t running = 0, failed = 0, next = 0;
    for (auto _ : state) {
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return running < state.range(0); });
        ++running;
      }
      store->txn(Txn::create("/registry/pods/default/pod-" + std::to_string(next++), value), [&](auto result) {
        std::lock_guard lock(mutex);
        --running;
        failed += !result.ok();
        changed.notify_one();
      });
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return running == 0; });
    if (failed) state.SkipWithError("writes failed");
    state.SetItemsProcessed(state.iterations());
  }
  std::filesystem::remove_all(dir);
}
BENCHMARK(put)->Arg(1)->Arg(8)->Arg(64)->UseRealTime();

void get(benchmark::State& state) {
  const std::string dir = std::filesystem::temp_directory_path() / ("plumb-bench-" + random_suffix(8));
  {
    const auto store = EmbeddedStore::open({.dir = dir}, real_clock()).value();
    for (int i = 0; i < 1000; ++i) store->txn(Txn::put("/k" + std::to_string(i), bytes(std::string(2000, 'v'))), [](auto) {});
    int i = 0;
    store->txn(Txn::put("/end", bytes("x"))).value();
    for (auto _ : state) benchmark::DoNotOptimize(store->get("/k" + std::to_string(++i % 1000)));
    state.SetItemsProcessed(state.iterations());
  }
  std::filesystem::remove_all(dir);
}
BENCHMARK(get);

}  // namespace
}  // namespace plumb::store
