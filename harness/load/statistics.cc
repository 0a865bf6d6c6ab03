#include "harness/load/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "harness/base/random.h"

namespace plumb::harness {
namespace {

constexpr std::size_t exact_limit = 20;

struct Ranking {
  double rank_sum_of_first = 0;
  double tie_term = 0;  // sum of t^3 - t over groups of equal values
};

Ranking rank(const std::vector<double>& first, const std::vector<double>& second) {
  std::vector<std::pair<double, bool>> all;
  for (const double value : first) all.emplace_back(value, true);
  for (const double value : second) all.emplace_back(value, false);
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Ranking result;
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin;
    while (end < all.size() && all[end].first == all[begin].first) ++end;
    const double shared_rank = (static_cast<double>(begin + 1) + static_cast<double>(end)) / 2;
    for (std::size_t i = begin; i < end; ++i) result.rank_sum_of_first += all[i].second ? shared_rank : 0;
    const double ties = static_cast<double>(end - begin);
    result.tie_term += ties * ties * ties - ties;
    begin = end;
  }
  return result;
}

// The share of all arrangements of n and m distinct values whose U is at most `u`, by counting them.
double exact_share_at_most(std::size_t n, std::size_t m, std::size_t u) {
  // ways[i][w]: choices of i of the values seen so far whose ranks exceed the least possible by w in all.
  std::vector<std::vector<double>> ways(n + 1, std::vector<double>(n * m + 1, 0));
  ways[0][0] = 1;
  for (std::size_t value = 1; value <= n + m; ++value) {
    for (std::size_t chosen = std::min(value, n); chosen >= 1; --chosen) {
      const std::size_t excess = value - chosen;
      if (excess > m) continue;
      for (std::size_t w = n * m; w + 1 > excess; --w) ways[chosen][w] += ways[chosen - 1][w - excess];
    }
  }
  const double total = std::accumulate(ways[n].begin(), ways[n].end(), 0.0);
  return std::accumulate(ways[n].begin(), ways[n].begin() + static_cast<std::ptrdiff_t>(std::min(u, n * m)) + 1, 0.0) / total;
}

double normal_p(double u, double n, double m, double tie_term) {
  const double all = n + m;
  const double variance = n * m / 12 * (all + 1 - tie_term / (all * (all - 1)));
  if (variance <= 0) return 1;
  const double z = std::max(0.0, std::abs(u - n * m / 2) - 0.5) / std::sqrt(variance);
  return std::erfc(z / std::sqrt(2.0));
}

}  // namespace

double mean(const std::vector<double>& values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double place = std::clamp(share, 0.0, 1.0) * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto above = std::min(below + 1, values.size() - 1);
  return values[below] + (values[above] - values[below]) * (place - static_cast<double>(below));
}

double standard_deviation(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double centre = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - centre) * (value - centre);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

MannWhitney mann_whitney(const std::vector<double>& first, const std::vector<double>& second) {
  if (first.empty() || second.empty()) return {};
  const auto n = static_cast<double>(first.size()), m = static_cast<double>(second.size());
  const Ranking ranking = rank(first, second);
  MannWhitney result;
  result.u = ranking.rank_sum_of_first - n * (n + 1) / 2;
  if (ranking.tie_term == 0 && first.size() <= exact_limit && second.size() <= exact_limit) {
    const double smaller = std::min(result.u, n * m - result.u);
    result.p = std::min(1.0, 2 * exact_share_at_most(first.size(), second.size(), static_cast<std::size_t>(std::lround(smaller))));
  } else {
    result.p = normal_p(result.u, n, m, ranking.tie_term);
  }
  return result;
}

Interval bootstrap(const std::vector<double>& before, const std::vector<double>& after, const TwoSampleStatistic& statistic,
                   double confidence, int resamples, std::uint64_t seed) {
  Random random(seed);
  const auto draw = [&](const std::vector<double>& from, std::vector<double>& into) {
    for (auto& value : into) value = from[random.below(from.size())];
  };
  std::vector<double> a(before.size()), b(after.size()), outcomes;
  outcomes.reserve(static_cast<std::size_t>(resamples));
  for (int i = 0; i < resamples; ++i) {
    draw(before, a);
    draw(after, b);
    outcomes.push_back(statistic(a, b));
  }
  const double tail = (1 - confidence) / 2;
  return {quantile(outcomes, tail), quantile(outcomes, 1 - tail)};
}

double relative_change_of_medians(const std::vector<double>& before, const std::vector<double>& after) {
  const double old_value = median(before), new_value = median(after);
  if (old_value == 0) return new_value == 0 ? 0 : std::numeric_limits<double>::infinity();
  return new_value / old_value - 1;
}

}  // namespace plumb::harness
