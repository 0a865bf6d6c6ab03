// Durable puts to the etcd named by PLUMB_ETCD_ENDPOINT ("http://127.0.0.1:2379"), to hold beside store_embedded_bench.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "reference/store/contract/put_bench.h"
#include "reference/store/etcd/etcd_store.h"

namespace plumb::store {
namespace {

void put(benchmark::State& state) {
  const char* endpoint = std::getenv("PLUMB_ETCD_ENDPOINT");
  if (!endpoint) return state.SkipWithError("set PLUMB_ETCD_ENDPOINT");
  const auto store = open_etcd({.endpoints = {endpoint}});
  if (!store.ok()) return state.SkipWithError(store.error().message.c_str());
  bench_puts(state, **store);
}
BENCHMARK(put)->Arg(1)->Arg(8)->Arg(64)->UseRealTime();

}  // namespace
}  // namespace plumb::store
