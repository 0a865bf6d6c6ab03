// Counts of values in log-linear buckets: what a value is known to within 0.1 % (three significant digits), whatever its size.
// Latencies are recorded in nanoseconds. Memory follows the largest value: 216 KB for one minute.
//
// Merging is exact: the merge of two histograms equals the histogram of both sets of values. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/result.h"

namespace plumb::harness {

class Histogram {
 public:
  void record(std::uint64_t value, std::uint64_t times = 1);
  void merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  // Zero when empty. min, max and mean are exact.
  std::uint64_t min() const { return count_ == 0 ? 0 : min_; }
  std::uint64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  double sum() const { return sum_; }
  // The smallest recorded value that at least `percent` of the values do not exceed, within the bucket's precision. Zero when empty.
  std::uint64_t percentile(double percent) const;
  // How many values are at most `value`; exact at bucket borders.
  std::uint64_t count_at_most(std::uint64_t value) const;

  // The non-empty buckets in ascending order: a value that stands for the bucket, and its count.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> buckets() const;

  // Base64 text for result files; some 2 bytes a non-empty bucket.
  std::string encode() const;
  static Result<Histogram> decode(std::string_view text);

  bool operator==(const Histogram& other) const;

 private:
  std::vector<std::uint64_t> counts_;  // by bucket
  std::uint64_t count_ = 0;
  std::uint64_t min_ = ~std::uint64_t{0};
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace plumb::harness
