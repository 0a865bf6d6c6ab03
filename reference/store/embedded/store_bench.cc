// Durable puts by so many in flight, and reads.
#include <benchmark/benchmark.h>

#include <filesystem>

#include "harness/base/clock.h"
#include "harness/base/random.h"
#include "reference/store/contract/put_bench.h"
#include "reference/store/embedded/embedded_store.h"

namespace plumb::store {
namespace {

void put(benchmark::State& state) {
  const std::string dir = std::filesystem::temp_directory_path() / ("plumb-bench-" + random_suffix(8));
  {
    const auto store = EmbeddedStore::open({.dir = dir}, real_clock()).value();
    bench_puts(state, *store);
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
