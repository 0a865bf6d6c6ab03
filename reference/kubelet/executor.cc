#include "reference/kubelet/executor.h"

#include <utility>

namespace plumb::kubelet {

ThreadExecutor::~ThreadExecutor() { stop(); }

void ThreadExecutor::stop() {
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;  // no thread is started from now on
    threads.swap(threads_);
  }
  wake_.notify_all();
  for (auto& thread : threads) thread.join();
}

void ThreadExecutor::post(std::function<void()> work) {
  std::lock_guard lock(mutex_);
  if (stopping_) return;
  work_.push_back(std::move(work));
  if (work_.size() <= idle_ || threads_.size() >= max_threads_) return wake_.notify_one();
  threads_.emplace_back([this] { loop(); });
}

void ThreadExecutor::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    idle_++;
    wake_.wait(lock, [&] { return stopping_ || !work_.empty(); });
    idle_--;
    if (work_.empty()) return;
    auto work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

void ManualExecutor::post(std::function<void()> work) {
  std::lock_guard lock(mutex_);
  work_.push_back(std::move(work));
}

bool ManualExecutor::run_all() {
  bool any = false;
  for (;;) {
    std::function<void()> work;
    {
      std::lock_guard lock(mutex_);
      if (work_.empty()) return any;
      work = std::move(work_.front());
      work_.pop_front();
    }
    work();
    any = true;
  }
}

}  // namespace plumb::kubelet
