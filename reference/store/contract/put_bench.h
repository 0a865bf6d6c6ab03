// The same load for every store's benchmark: durable creates of 2 KB, state.range(0) in flight.
#pragma once

#include <benchmark/benchmark.h>

#include <condition_variable>
#include <mutex>
#include <string>

#include "harness/base/random.h"
#include "reference/store/store.h"

namespace plumb::store {

inline void bench_puts(benchmark::State& state, Store& store) {
  const Bytes value = bytes(std::string(2000, 'v'));
  const std::string root = "/registry/bench-" + random_suffix(8) + "/";
  std::mutex mutex;
  std::condition_variable changed;
  std::int64_t running = 0, failed = 0, next = 0;
  for (auto _ : state) {
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return running < state.range(0); });
      ++running;
    }
    store.txn(Txn::create(root + std::to_string(next++), value), [&](auto result) {
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

}  // namespace plumb::store
