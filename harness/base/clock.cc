#include "harness/base/clock.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace plumb {
namespace {

// Timers by time, then by age, so that equal times fire in the order they were set.
struct Timers {
  using Key = std::pair<Instant, Clock::TimerId>;
  std::map<Key, std::function<void()>> by_time;
  std::unordered_map<Clock::TimerId, Instant> by_id;
  Clock::TimerId last = 0;

  Clock::TimerId add(Instant when, std::function<void()> callback) {
    const Clock::TimerId id = ++last;
    by_time.emplace(Key{when, id}, std::move(callback));
    by_id.emplace(id, when);
    return id;
  }
  bool remove(Clock::TimerId id) {
    const auto found = by_id.find(id);
    if (found == by_id.end()) return false;
    by_time.erase(Key{found->second, id});
    by_id.erase(found);
    return true;
  }
  std::function<void()> take_first() {
    const auto first = by_time.begin();
    auto callback = std::move(first->second);
    by_id.erase(first->first.second);
    by_time.erase(first);
    return callback;
  }
};

class RealClock final : public Clock {
 public:
  RealClock() : thread_([this] { run(); }) { thread_.detach(); }

  Instant now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }

  TimerId at(Instant when, std::function<void()> callback) override {
    std::lock_guard lock(mutex_);
    const bool first = timers_.by_time.empty() || when < timers_.by_time.begin()->first.first;
    const TimerId id = timers_.add(when, std::move(callback));
    if (first) wake_.notify_one();
    return id;
  }
  bool cancel(TimerId timer) override {
    std::lock_guard lock(mutex_);
    return timers_.remove(timer);
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (timers_.by_time.empty()) {
        wake_.wait(lock);
        continue;
      }
      const Instant next = timers_.by_time.begin()->first.first;
      if (next > now()) {
        wake_.wait_until(lock, next);
        continue;
      }
      auto callback = timers_.take_first();
      lock.unlock();
      callback();
      callback = nullptr;
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  Timers timers_;
  std::thread thread_;
};

}  // namespace

Clock& real_clock() {
  // Never destroyed: its thread may still wait on it while the program ends.
  static Clock& clock = *new RealClock;
  return clock;
}

struct VirtualClock::State {
  mutable std::mutex mutex;
  Instant now{};
  WallTime wall;
  Timers timers;

  bool run_next_until(Instant limit, std::unique_lock<std::mutex>& lock) {
    if (timers.by_time.empty() || timers.by_time.begin()->first.first > limit) return false;
    const Instant when = timers.by_time.begin()->first.first;
    move_to(std::max(when, now));
    auto callback = timers.take_first();
    lock.unlock();
    callback();
    lock.lock();
    return true;
  }
  void move_to(Instant when) {
    wall += when - now;
    now = when;
  }
};

VirtualClock::VirtualClock(WallTime start) : state_(std::make_unique<State>()) {
  state_->wall = start;
  state_->now = Instant(std::chrono::hours(1));
}
VirtualClock::~VirtualClock() = default;

Instant VirtualClock::now() const {
  std::lock_guard lock(state_->mutex);
  return state_->now;
}
WallTime VirtualClock::wall() const {
  std::lock_guard lock(state_->mutex);
  return state_->wall;
}
Clock::TimerId VirtualClock::at(Instant when, std::function<void()> callback) {
  std::lock_guard lock(state_->mutex);
  return state_->timers.add(when, std::move(callback));
}
bool VirtualClock::cancel(TimerId timer) {
  std::lock_guard lock(state_->mutex);
  return state_->timers.remove(timer);
}
void VirtualClock::advance(Duration by) {
  std::unique_lock lock(state_->mutex);
  const Instant target = state_->now + by;
  while (state_->run_next_until(target, lock)) {
  }
  state_->move_to(std::max(target, state_->now));
}
bool VirtualClock::advance_to_next(Duration limit) {
  std::unique_lock lock(state_->mutex);
  return state_->run_next_until(state_->now + limit, lock);
}

}  // namespace plumb
