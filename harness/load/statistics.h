// The few statistics that tell a change from noise. All functions are pure; randomness comes from the seed given.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace plumb::harness {

double mean(const std::vector<double>& values);
double median(std::vector<double> values);
// With linear interpolation between neighbours; `share` in [0, 1]. All of these are 0 for no values.
double quantile(std::vector<double> values, double share);
double standard_deviation(const std::vector<double>& values);  // of a sample: n - 1

struct MannWhitney {
  double u = 0;  // of the first sample: pairs in which its value is the larger one, ties count half
  double p = 1;  // two-sided: how likely a difference at least this large is if both samples come from one distribution
};
// Exact where both samples have at most 20 values and there are no ties; else by the normal approximation with tie and continuity
// corrections. p is 1 when a sample is empty.
MannWhitney mann_whitney(const std::vector<double>& first, const std::vector<double>& second);

struct Interval {
  double low = 0;
  double high = 0;
};
// The percentile bootstrap: both samples are drawn anew with replacement `resamples` times; the interval holds the middle
// `confidence` (0.95) of what `statistic` says of them. Precondition: neither sample is empty.
using TwoSampleStatistic = std::function<double(const std::vector<double>& before, const std::vector<double>& after)>;
Interval bootstrap(const std::vector<double>& before, const std::vector<double>& after, const TwoSampleStatistic& statistic,
                   double confidence = 0.95, int resamples = 2000, std::uint64_t seed = 1);

// median(after) / median(before) - 1; +infinity when only the former is 0.
double relative_change_of_medians(const std::vector<double>& before, const std::vector<double>& after);

}  // namespace plumb::harness
