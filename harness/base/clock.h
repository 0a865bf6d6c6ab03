// Time is passed in: no component reads the system clock or sleeps by itself, it uses the Clock it was given.
//
// RealClock fires timers on one thread of its own; callbacks must be short (hand work to a queue).
// VirtualClock stands still until advance() moves it; due callbacks then run on the advancing thread, in order of their time.
// Both are safe to use from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace plumb {

using Duration = std::chrono::nanoseconds;
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;  // monotonic; for intervals
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;  // for what people and objects see

class Clock {
 public:
  using TimerId = std::uint64_t;

  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual WallTime wall() const = 0;

  // Runs `callback` once at or after `when`. A time in the past means as soon as possible.
  virtual TimerId at(Instant when, std::function<void()> callback) = 0;
  TimerId after(Duration delay, std::function<void()> callback) { return at(now() + delay, std::move(callback)); }

  // True when the callback had not started and now never will.
  virtual bool cancel(TimerId timer) = 0;
};

// The machine's clock, shared by the whole program.
Clock& real_clock();

class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(WallTime start = WallTime(std::chrono::seconds(1'600'000'000)));
  ~VirtualClock() override;

  Instant now() const override;
  WallTime wall() const override;
  TimerId at(Instant when, std::function<void()> callback) override;
  bool cancel(TimerId timer) override;

  void advance(Duration by);
  // Moves to the next timer, at most `limit` ahead, and runs it; false when there was none.
  bool advance_to_next(Duration limit);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plumb
