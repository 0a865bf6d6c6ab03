#include "harness/base/worker_pool.h"

namespace plumb {

WorkerPool::WorkerPool(std::size_t threads, std::size_t queue_capacity) : queue_(queue_capacity) {
  for (std::size_t i = 0; i < threads; ++i)
    threads_.emplace_back([this] {
      while (auto work = queue_.pop()) (*work)();
    });
}

WorkerPool::~WorkerPool() { stop(); }

void WorkerPool::stop() {
  queue_.close();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

}  // namespace plumb
