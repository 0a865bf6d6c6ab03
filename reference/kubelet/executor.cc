#include "reference/kubelet/executor.h"

#include <utility>

namespace plumb::kubelet {

ThreadExecutor::~ThreadExecutor() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::size_t n = 0;; n++) {  // work that still runs may start further threads
    std::thread thread;
    {
      std::lock_guard lock(mutex_);
      if (n >= threads_.size()) break;
      thread = std::move(threads_[n]);
    }
    thread.join();
  }
}

void ThreadExecutor::post(std::function<void()> work) {
  std::lock_guard lock(mutex_);
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
