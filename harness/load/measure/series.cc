#include "harness/load/measure/series.h"

#include <algorithm>
#include <cmath>

namespace plumb::harness {
namespace {

constexpr double most_steps = 60;
constexpr std::size_t parts = 10, least_per_part = 5;
constexpr double least_length = 1e-3;  // what arrives together has one moment: how much shorter it took cannot be told

double seconds_between(Instant from, Instant to) { return std::chrono::duration<double>(to - from).count(); }

double rate_between(const std::vector<Instant>& moments, std::size_t first, std::size_t last) {
  const double length = seconds_between(moments[first], moments[last]);
  return length > 0 ? static_cast<double>(last - first) / length : 0;
}

}  // namespace

Distribution distribution_of(std::string name, const std::vector<double>& seconds, std::uint64_t unfinished) {
  Distribution result{std::move(name), {}, unfinished};
  for (const double value : seconds) result.values.record(static_cast<std::uint64_t>(std::max(0.0, value) * 1e9));
  return result;
}

Series rate_curve(std::string name, const std::vector<Instant>& moments, Instant zero) {
  Series series{std::move(name), "1/s", {}};
  if (moments.empty()) return series;
  const double first = std::floor(seconds_between(zero, moments.front())), span = seconds_between(zero, moments.back()) - first;
  const double step = std::max(1.0, std::ceil(span / most_steps));
  std::vector<double> counts(static_cast<std::size_t>(span / step) + 1);
  for (const Instant moment : moments) ++counts[std::min(counts.size() - 1, static_cast<std::size_t>((seconds_between(zero, moment) - first) / step))];
  for (std::size_t i = 0; i < counts.size(); ++i) series.points.push_back({first + static_cast<double>(i) * step, counts[i] / step});
  return series;
}

Metric throughput(std::string name, const std::vector<Instant>& moments) {
  Metric metric{std::move(name), "1/s", Better::higher, 0, {}};
  if (moments.size() < 2) return metric;
  metric.value = static_cast<double>(moments.size() - 1) / std::max(least_length, seconds_between(moments.front(), moments.back()));
  const std::size_t count = std::min(parts, (moments.size() - 1) / least_per_part);
  for (std::size_t part = 0; part < count; ++part) {
    const double rate = rate_between(moments, (moments.size() - 1) * part / count, (moments.size() - 1) * (part + 1) / count);
    if (rate > 0) metric.samples.push_back(rate);
  }
  return metric;
}

}  // namespace plumb::harness
