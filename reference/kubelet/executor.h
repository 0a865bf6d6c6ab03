// Where the work of pods runs: things that wait (calls to the runtime, hooks, probes) on threads that come and go with the work.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace plumb::kubelet {

class Executor {
 public:
  virtual ~Executor() = default;
  // Never blocks. Not bounded: each piece of work stands for a pod, container or probe that has at most one of its kind waiting.
  virtual void post(std::function<void()> work) = 0;
};

// Up to `max_threads`, started when all others are at work. Each one costs little while it waits in a call.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(std::size_t max_threads) : max_threads_(max_threads) {}
  ~ThreadExecutor() override;  // finishes what was posted

  void post(std::function<void()> work) override;

 private:
  void loop();

  const std::size_t max_threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> work_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

// Runs nothing by itself: tests call run_all(), so that the order is theirs.
class ManualExecutor final : public Executor {
 public:
  void post(std::function<void()> work) override;
  // Until nothing is left. True when there was something.
  bool run_all();

 private:
  std::mutex mutex_;
  std::deque<std::function<void()>> work_;
};

}  // namespace plumb::kubelet
