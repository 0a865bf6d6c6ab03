#include "harness/load/measure/series.h"

#include <gtest/gtest.h>

namespace plumb::harness {
namespace {

using std::chrono::milliseconds;

std::vector<Instant> at(std::initializer_list<int> milliseconds_after) {
  std::vector<Instant> moments;
  for (const int after : milliseconds_after) moments.push_back(Instant() + milliseconds(after));
  return moments;
}

TEST(Throughput, CountsFromTheFirstToTheLast) {
  EXPECT_DOUBLE_EQ(throughput("t", at({0, 50, 100})).value, 20);
  EXPECT_DOUBLE_EQ(throughput("t", at({1000, 1001})).value, 1000);
}

TEST(Throughput, OfWhatArrivesTogetherIsThatOfOneMillisecond) {
  const Metric metric = throughput("t", at({7, 7, 7, 7, 7}));
  EXPECT_DOUBLE_EQ(metric.value, 4000);
  EXPECT_TRUE(metric.samples.empty());
}

TEST(Throughput, OfLessThanTwoIsNone) {
  EXPECT_EQ(throughput("t", {}).value, 0);
  EXPECT_EQ(throughput("t", at({5})).value, 0);
}

TEST(RateCurve, CountsBySecond) {
  const Series series = rate_curve("c", at({100, 200, 1100, 3900}), Instant());
  std::vector<double> rates;
  for (const Point& point : series.points) rates.push_back(point.value);
  EXPECT_EQ(rates, (std::vector<double>{2, 1, 0, 1}));
}

}  // namespace
}  // namespace plumb::harness
