// Work that the API server does by itself every so often, on a thread of its own; a run that takes longer than the interval swallows those
// that would have begun meanwhile.
#pragma once

#include <functional>
#include <mutex>

#include "harness/base/clock.h"
#include "harness/base/worker_pool.h"

namespace plumb::apiserver {

class Periodic {
 public:
  Periodic(Clock& clock, Duration interval, std::function<void()> work);
  // Waits for a run that is under way.
  ~Periodic();

 private:
  void schedule();

  Clock& clock_;
  const Duration interval_;
  const std::function<void()> work_;
  WorkerPool worker_{1, 1};
  std::mutex mutex_;
  bool stopping_ = false;
  Clock::TimerId timer_ = 0;
};

}  // namespace plumb::apiserver
