// Events go by themselves an hour after they were last written: each is put under a lease of the store. One lease serves all events of a
// minute, so that thousands of events cost one lease.
#pragma once

#include <functional>
#include <mutex>

#include "harness/base/clock.h"
#include "harness/base/worker_pool.h"
#include "reference/store/store.h"

namespace plumb::apiserver {

class EventLeases {
 public:
  EventLeases(store::Store& store, Clock& clock) : store_(store), clock_(clock) {}
  // Calls `then` with a lease that lasts: at once, or, when a new one is needed, from a worker, since granting waits for the store.
  void with(WorkerPool& workers, std::function<void(Result<store::LeaseId>)> then);

 private:
  Result<store::LeaseId> current();

  store::Store& store_;
  Clock& clock_;
  std::mutex mutex_;
  store::LeaseId lease_ = 0;
  Instant granted_{};
  std::mutex granting_;  // one grant at a time; held while the store works, by workers only
};

}  // namespace plumb::apiserver
