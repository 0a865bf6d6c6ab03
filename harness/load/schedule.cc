#include "harness/load/schedule.h"

#include <cmath>

namespace plumb::harness {
namespace {

double in_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
constexpr double most_arrivals = 1e8;

}  // namespace

Result<Schedule> Schedule::create(Arrivals arrivals) {
  const bool ramp = arrivals.kind == Arrivals::Kind::ramp;
  const bool rates_ok = std::isfinite(arrivals.rate) && std::isfinite(arrivals.end_rate) &&
                        (ramp ? arrivals.rate >= 0 && arrivals.end_rate >= 0 && arrivals.rate + arrivals.end_rate > 0 : arrivals.rate > 0);
  if (!rates_ok) return fail(Code::invalid_argument, "planning load: a rate must be above 0 operations per second");
  if (arrivals.length <= Duration::zero()) return fail(Code::invalid_argument, "planning load: its length must be above 0 s");
  Schedule schedule(arrivals);
  if (schedule.expected_count() > most_arrivals) {
    return fail(Code::invalid_argument, "planning load: more than 100 million operations; lower the rate or shorten the phase");
  }
  return schedule;
}

double Schedule::expected_count() const {
  const double average = arrivals_.kind == Arrivals::Kind::ramp ? (arrivals_.rate + arrivals_.end_rate) / 2 : arrivals_.rate;
  const double count = average * in_seconds(arrivals_.length);
  return arrivals_.kind == Arrivals::Kind::poisson ? count : std::ceil(count - 1e-9);
}

double Schedule::seconds_of_arrival(std::uint64_t number) {
  const auto n = static_cast<double>(number);
  switch (arrivals_.kind) {
    case Arrivals::Kind::constant:
      return n / arrivals_.rate;
    case Arrivals::Kind::ramp: {
      // The time t at which the integral of the rate, rate * t + slope * t^2 / 2, reaches n.
      const double slope = (arrivals_.end_rate - arrivals_.rate) / in_seconds(arrivals_.length);
      if (n == 0) return 0;
      return 2 * n / (arrivals_.rate + std::sqrt(std::max(0.0, arrivals_.rate * arrivals_.rate + 2 * slope * n)));
    }
    case Arrivals::Kind::poisson:
      return last_ - std::log1p(-random_.uniform()) / arrivals_.rate;
  }
  return 0;
}

std::optional<Duration> Schedule::next() {
  const double at = seconds_of_arrival(issued_);
  // Rounding must not decide whether the arrival at the very end of a rate * length that is whole exists.
  if (arrivals_.kind != Arrivals::Kind::poisson && static_cast<double>(issued_) >= expected_count()) return std::nullopt;
  if (arrivals_.kind == Arrivals::Kind::poisson && at >= in_seconds(arrivals_.length)) return std::nullopt;
  last_ = at;
  ++issued_;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(at));
}

}  // namespace plumb::harness
