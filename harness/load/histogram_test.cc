#include "harness/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/base/encoding.h"
#include "harness/base/random.h"

namespace plumb::harness {
namespace {

std::vector<std::uint64_t> heavy_tailed(std::uint64_t seed, std::size_t count) {
  Random random(seed);
  std::vector<std::uint64_t> values(count);
  for (auto& value : values) value = static_cast<std::uint64_t>(std::exp(random.uniform() * 23));
  return values;
}

Histogram histogram_of(const std::vector<std::uint64_t>& values) {
  Histogram histogram;
  for (const auto value : values) histogram.record(value);
  return histogram;
}

std::uint64_t exact_percentile(std::vector<std::uint64_t> values, double percent) {
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values.size()) - 1e-9));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

TEST(Histogram, PercentilesAreWithinThreeDigitsOfTheExactOnes) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto values = heavy_tailed(seed, 1 + seed * 137);
    const auto histogram = histogram_of(values);
    for (const double percent : {0.0, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
      const double exact = static_cast<double>(exact_percentile(values, percent));
      EXPECT_NEAR(static_cast<double>(histogram.percentile(percent)), exact, exact * 0.001 + 1e-9) << percent << " of seed " << seed;
    }
    EXPECT_EQ(histogram.min(), *std::min_element(values.begin(), values.end()));
    EXPECT_EQ(histogram.max(), *std::max_element(values.begin(), values.end()));
  }
}

TEST(Histogram, MergeEqualsRecordingEverythingInOne) {
  const auto a = heavy_tailed(7, 5000), b = heavy_tailed(8, 300);
  auto both = a;
  both.insert(both.end(), b.begin(), b.end());
  Histogram merged = histogram_of(b);
  merged.merge(histogram_of(a));
  EXPECT_EQ(merged.buckets(), histogram_of(both).buckets());
  EXPECT_EQ(merged.count(), both.size());
  EXPECT_EQ(merged.max(), histogram_of(both).max());
  EXPECT_NEAR(merged.mean(), histogram_of(both).mean(), 1e-6 * merged.mean());
  Histogram empty;
  merged.merge(empty);
  EXPECT_EQ(merged.count(), both.size());
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (std::uint64_t value = 0; value <= 2000; ++value) histogram.record(value);
  EXPECT_EQ(histogram.percentile(50), 1000u);
  EXPECT_EQ(histogram.count_at_most(500), 501u);
  EXPECT_DOUBLE_EQ(histogram.mean(), 1000);
}

TEST(Histogram, ExtremesAndEmptiness) {
  Histogram histogram;
  EXPECT_EQ(histogram.percentile(99), 0u);
  EXPECT_EQ(histogram.min(), 0u);
  histogram.record(~std::uint64_t{0});
  histogram.record(0, 3);
  EXPECT_EQ(histogram.max(), ~std::uint64_t{0});
  EXPECT_EQ(histogram.percentile(75), 0u);
  EXPECT_EQ(histogram.percentile(76), ~std::uint64_t{0});
}

TEST(Histogram, SurvivesItsText) {
  const auto histogram = histogram_of(heavy_tailed(3, 10'000));
  const auto text = histogram.encode();
  const auto read = Histogram::decode(text);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, histogram);
  ASSERT_TRUE(Histogram::decode(Histogram().encode()).ok());
  EXPECT_TRUE(Histogram::decode(Histogram().encode())->empty());
}

TEST(Histogram, RefusesMalformedText) {
  const auto good = *base64_decode(histogram_of(heavy_tailed(3, 50)).encode());
  EXPECT_FALSE(Histogram::decode("%%%").ok());
  EXPECT_FALSE(Histogram::decode("").ok());
  EXPECT_FALSE(Histogram::decode(base64_encode("\x07" + good.substr(1))).ok());
  EXPECT_FALSE(Histogram::decode(base64_encode(good + std::string("\xff\xff\xff\xff\xff\xff\xff\x7f\x01", 9))).ok());
  Random random(5);
  for (int round = 0; round < 2000; ++round) {
    std::string broken = good;
    broken[random.below(broken.size())] = static_cast<char>(random.next());
    (void)Histogram::decode(base64_encode(broken.substr(0, random.below(broken.size() + 1))));
  }
}

}  // namespace
}  // namespace plumb::harness
