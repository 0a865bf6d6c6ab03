// What every transport needs behind its Watch: a handler that can be ended from any thread. Once end() has returned the handler does not
// run and never will, unless end() was called by it. Nothing is delivered after a closed event.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>

#include "reference/informer/client.h"

namespace plumb::informer {

class GuardedHandler {
 public:
  explicit GuardedHandler(WatchHandler handler) : handler_(std::move(handler)) {}

  // One at a time: the transport delivers in order.
  void deliver(WatchEvent event) {
    std::lock_guard lock(running_);
    if (ended_) return;
    if (event.type == WatchEvent::Type::closed) ended_ = true;
    runner_ = std::this_thread::get_id();
    handler_(std::move(event));
    runner_ = std::thread::id();
  }
  void end() {
    if (runner_ == std::this_thread::get_id()) {
      ended_ = true;
      return;
    }
    std::lock_guard lock(running_);
    ended_ = true;
  }
  bool ended() const { return ended_; }

 private:
  const WatchHandler handler_;
  std::mutex running_;
  std::atomic<std::thread::id> runner_{};
  std::atomic<bool> ended_{false};
};

}  // namespace plumb::informer
