// Who changes the same object at the same time takes turns: an update that lost to another waits until it is its turn, instead of losing
// again and again to those whose view is newer. An object that nobody fights over costs one look-up.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>

namespace plumb::apiserver {

class Turns {
 public:
  // True when others wait for that key: then a newcomer has to wait, too.
  bool contended(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    return !waiting_.empty() && waiting_.contains(key);
  }
  // Calls `start` when it is its turn, at once if nobody else has it. Ends with leave(). Bounded by the requests in flight.
  void enter(const std::string& key, std::function<void()> start) {
    {
      const std::lock_guard lock(mutex_);
      const auto [at, first] = waiting_.try_emplace(key);
      if (!first) {
        at->second.push_back(std::move(start));
        return;
      }
    }
    start();
  }
  // Gives the turn on; the next one starts on this thread, below a leave() that runs there already once that one gets to it: those that
  // end at once do not pile up on the stack.
  void leave(const std::string& key) {
    std::function<void()> next;
    {
      const std::lock_guard lock(mutex_);
      const auto at = waiting_.find(key);
      if (at->second.empty()) {
        waiting_.erase(at);
        return;
      }
      next = std::move(at->second.front());
      at->second.pop_front();
    }
    run(std::move(next));
  }

 private:
  static void run(std::function<void()> start) {
    static thread_local std::deque<std::function<void()>>* running = nullptr;
    if (running) return running->push_back(std::move(start));
    std::deque<std::function<void()>> starts;
    starts.push_back(std::move(start));
    running = &starts;
    while (!starts.empty()) {
      const auto next = std::move(starts.front());
      starts.pop_front();
      next();
    }
    running = nullptr;
  }

  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::deque<std::function<void()>>> waiting_;  // a key is there while someone has the turn
};

}  // namespace plumb::apiserver
