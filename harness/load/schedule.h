// When operations are meant to be sent: decided before the first is sent, from rate and seed alone, never from how the server answers.
#pragma once

#include <cstdint>
#include <optional>

#include "harness/base/clock.h"
#include "harness/base/random.h"
#include "harness/base/result.h"

namespace plumb::harness {

struct Arrivals {
  enum class Kind {
    constant,  // evenly spaced
    ramp,      // evenly spaced at a rate that moves linearly from `rate` to `end_rate`
    poisson,   // independent arrivals: exponential gaps, from `seed`
  };
  Kind kind = Kind::constant;
  double rate = 1;      // per second
  double end_rate = 1;  // of a ramp
  Duration length{};    // arrivals fall into [0, length)
  std::uint64_t seed = 1;
};

// Walks through the intended times as offsets from the start, in order.
class Schedule {
 public:
  // Fails unless rates and length are positive (a ramp may start or end at 0) and the arrivals at most 100 million.
  static Result<Schedule> create(Arrivals arrivals);

  std::optional<Duration> next();
  // How many arrivals there are in all; for Poisson the expected number.
  double expected_count() const;
  Duration length() const { return arrivals_.length; }

 private:
  explicit Schedule(Arrivals arrivals) : arrivals_(arrivals), random_(arrivals.seed) {}
  double seconds_of_arrival(std::uint64_t number);

  Arrivals arrivals_;
  Random random_;
  std::uint64_t issued_ = 0;
  double last_ = 0;
};

}  // namespace plumb::harness
