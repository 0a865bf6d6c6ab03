#include "harness/load/statistics.h"

#include <gtest/gtest.h>

#include "harness/base/random.h"

namespace plumb::harness {
namespace {

TEST(Statistics, Basics) {
  EXPECT_DOUBLE_EQ(median({3, 1, 2}), 2);
  EXPECT_DOUBLE_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_DOUBLE_EQ(median({}), 0);
  EXPECT_DOUBLE_EQ(quantile({1, 2, 3, 4, 5}, 0.9), 4.6);
  EXPECT_DOUBLE_EQ(mean({2, 4, 4, 4, 5, 5, 7, 9}), 5);
  EXPECT_NEAR(standard_deviation({2, 4, 4, 4, 5, 5, 7, 9}), 2.13809, 1e-5);
}

// Values published with scipy.stats.mannwhitneyu: U 17, exact p 1/9, and 0.11134688653 with the normal approximation.
TEST(Statistics, MannWhitneyAgainstPublishedValues) {
  const std::vector<double> males{19, 22, 16, 29, 24}, females{20, 11, 17, 12};
  const auto exact = mann_whitney(males, females);
  EXPECT_DOUBLE_EQ(exact.u, 17);
  EXPECT_NEAR(exact.p, 1.0 / 9, 1e-12);
  EXPECT_DOUBLE_EQ(mann_whitney(females, males).u, 3);
  EXPECT_NEAR(mann_whitney(females, males).p, 1.0 / 9, 1e-12);
}

TEST(Statistics, MannWhitneyWithTiesUsesTheCorrectedNormal) {
  const auto result = mann_whitney({1, 2, 2, 3}, {2, 3, 3, 4});
  EXPECT_DOUBLE_EQ(result.u, 3);
  EXPECT_NEAR(result.p, 0.172034, 1e-5);
  EXPECT_DOUBLE_EQ(mann_whitney({5, 5, 5}, {5, 5}).p, 1);
  EXPECT_DOUBLE_EQ(mann_whitney({}, {1}).p, 1);
}

TEST(Statistics, CompleteSeparationOfSmallSamplesHasTheKnownLeastP) {
  EXPECT_NEAR(mann_whitney({1, 2, 3, 4}, {5, 6, 7, 8}).p, 2.0 / 70, 1e-12);
  EXPECT_NEAR(mann_whitney({1, 2, 3}, {5, 6, 7}).p, 0.1, 1e-12);
}

TEST(Statistics, FalseAlarmsComeAtTheRateThatPPromises) {
  Random random(11);
  int alarms = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<double> a(12), b(15);
    for (auto& value : a) value = random.uniform();
    for (auto& value : b) value = random.uniform();
    alarms += mann_whitney(a, b).p < 0.05;
  }
  EXPECT_NEAR(alarms / 2000.0, 0.05, 0.015);
}

TEST(Statistics, TheBootstrapIntervalHoldsTheTruthAboutAsOftenAsItSays) {
  Random random(17);
  int held = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<double> before(40), after(40);
    for (auto& value : before) value = 100 + 20 * random.uniform();
    for (auto& value : after) value = 1.2 * (100 + 20 * random.uniform());
    const auto interval = bootstrap(before, after, relative_change_of_medians, 0.95, 400, 1 + static_cast<std::uint64_t>(round));
    held += interval.low <= 0.2 && 0.2 <= interval.high;
  }
  EXPECT_GE(held, 178);
  EXPECT_LE(held, 200);
}

}  // namespace
}  // namespace plumb::harness
