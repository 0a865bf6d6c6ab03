// A fixed number of threads over a bounded queue of work.
#pragma once

#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "harness/base/queue.h"

namespace plumb {

class WorkerPool {
 public:
  WorkerPool(std::size_t threads, std::size_t queue_capacity);
  // Finishes what was accepted, then joins.
  ~WorkerPool();

  // False when the queue is full or the pool stops: the caller answers "too busy" or tries later.
  bool try_post(std::function<void()> work) { return queue_.try_push(std::move(work)); }
  // Waits for room. False when the pool stops.
  bool post(std::function<void()> work) { return queue_.push(std::move(work)); }
  std::size_t queued() const { return queue_.size(); }
  void stop();

 private:
  BoundedQueue<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
};

}  // namespace plumb
