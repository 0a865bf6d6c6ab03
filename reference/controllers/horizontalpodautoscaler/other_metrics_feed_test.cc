#include "reference/controllers/horizontalpodautoscaler/other_metrics_feed.h"

#include <gtest/gtest.h>

namespace plumb::controllers::hpa {
namespace {

Reading samples(std::map<std::string, std::int64_t> values, int second = 0) {
  Samples some;
  for (const auto& [name, milli] : values) some[name] = {WallTime(std::chrono::seconds(second)), {}, milli};
  return {.samples = some};
}
Reading values(std::vector<std::int64_t> some) { return {.values = std::move(some)}; }
Reading none() { return {.samples = fail(Code::not_found, "no metric"), .values = fail(Code::not_found, "no metric")}; }

TEST(OtherMetrics, DifferByWhatADecisionDependsOn) {
  EXPECT_FALSE(differ(samples({{"a", 1}, {"b", 2}}, 1), samples({{"a", 1}, {"b", 2}}, 2))) << "measured again";
  EXPECT_TRUE(differ(samples({{"a", 1}}), samples({{"a", 2}})));
  EXPECT_TRUE(differ(samples({{"a", 1}}), samples({{"a", 1}, {"b", 1}})));
  EXPECT_TRUE(differ(samples({{"a", 1}}), samples({{"b", 1}})));
  EXPECT_FALSE(differ(values({1, 2}), values({2, 1})));
  EXPECT_TRUE(differ(values({1, 2}), values({1, 1})));
  EXPECT_TRUE(differ(none(), values({1})));
  EXPECT_TRUE(differ(values({1}), none()));
  EXPECT_FALSE(differ(none(), none()));
}

TEST(OtherMetrics, TheReadsOfAllAreCounted) {
  OtherMetricsFeed feed;
  feed.took("a/x", std::vector<AskedMetric>(2));
  feed.took("a/y", std::vector<AskedMetric>(1));
  EXPECT_EQ(feed.reads(), 3u);
  feed.took("a/x", std::vector<AskedMetric>(1));
  EXPECT_EQ(feed.reads(), 2u);
  feed.forget("a/x");
  feed.forget("a/x");
  EXPECT_EQ(feed.reads(), 1u);
  EXPECT_TRUE(feed.of("a/x").empty());
  EXPECT_EQ(feed.of("a/y").size(), 1u);
}

}  // namespace
}  // namespace plumb::controllers::hpa
