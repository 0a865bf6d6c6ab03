// Forgets the store's history: every five minutes what was already past five minutes before, as upstream's API servers do.
#pragma once

#include <mutex>
#include <utility>

#include "harness/base/clock.h"
#include "harness/base/worker_pool.h"
#include "reference/store/store.h"

namespace plumb::apiserver {

class Compaction {
 public:
  Compaction(store::Store& store, Clock& clock);
  ~Compaction();

 private:
  void schedule();
  void run();

  store::Store& store_;
  Clock& clock_;
  WorkerPool worker_{1, 1};
  std::mutex mutex_;
  bool stopping_ = false;
  Clock::TimerId timer_ = 0;
  store::Revision seen_ = 0;  // worker only: the revision at the last run
};

}  // namespace plumb::apiserver
