#include "harness/load/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace plumb::harness {
namespace {

using namespace std::chrono_literals;

std::vector<double> all(Arrivals arrivals) {
  auto schedule = Schedule::create(arrivals);
  std::vector<double> times;
  while (const auto at = schedule->next()) times.push_back(std::chrono::duration<double>(*at).count());
  return times;
}

TEST(Schedule, ConstantRateIsEvenlySpaced) {
  const auto times = all({.rate = 4, .length = 2s});
  ASSERT_EQ(times.size(), 8u);
  for (std::size_t i = 0; i < times.size(); ++i) EXPECT_NEAR(times[i], static_cast<double>(i) / 4, 1e-9);
  EXPECT_EQ(all({.rate = 3, .length = 1s}).size(), 3u);
  EXPECT_EQ(all({.rate = 0.5, .length = 1s}).size(), 1u);
}

TEST(Schedule, RampMovesTheRate) {
  const auto times = all({.kind = Arrivals::Kind::ramp, .rate = 0, .end_rate = 100, .length = 10s});
  ASSERT_EQ(times.size(), 500u);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  EXPECT_NEAR(times[125], 5, 1e-6);  // a quarter of the work lies in the first half of the time
  EXPECT_LT(times.back(), 10);
  const auto down = all({.kind = Arrivals::Kind::ramp, .rate = 100, .end_rate = 0, .length = 10s});
  ASSERT_EQ(down.size(), 500u);
  EXPECT_NEAR(down[375], 5, 1e-6);
}

TEST(Schedule, PoissonIsRepeatableAndHasExponentialGaps) {
  const Arrivals plan{.kind = Arrivals::Kind::poisson, .rate = 1000, .length = 50s, .seed = 9};
  const auto times = all(plan);
  EXPECT_EQ(times, all(plan));
  auto other = plan;
  other.seed = 10;
  EXPECT_NE(times, all(other));
  EXPECT_NEAR(static_cast<double>(times.size()), 50'000, 4 * std::sqrt(50'000));
  double squares = 0, sum = 0;
  for (std::size_t i = 1; i < times.size(); ++i) {
    const double gap = times[i] - times[i - 1];
    sum += gap;
    squares += gap * gap;
  }
  const double n = static_cast<double>(times.size() - 1), average = sum / n;
  EXPECT_NEAR(std::sqrt(squares / n - average * average) / average, 1, 0.03);  // an exponential's deviation equals its mean
}

TEST(Schedule, RefusesWhatIsNoLoad) {
  EXPECT_FALSE(Schedule::create({.rate = 0, .length = 1s}).ok());
  EXPECT_FALSE(Schedule::create({.rate = -5, .length = 1s}).ok());
  EXPECT_FALSE(Schedule::create({.rate = 5, .length = 0s}).ok());
  EXPECT_FALSE(Schedule::create({.rate = 1e12, .length = 1s}).ok());
  EXPECT_FALSE(Schedule::create({.rate = NAN, .length = 1s}).ok());
}

}  // namespace
}  // namespace plumb::harness
