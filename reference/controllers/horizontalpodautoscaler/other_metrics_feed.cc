#include "reference/controllers/horizontalpodautoscaler/other_metrics_feed.h"

#include <algorithm>

namespace plumb::controllers::hpa {

void OtherMetricsFeed::took(const std::string& key, std::vector<AskedMetric> asked) {
  std::lock_guard lock(mutex_);
  auto& latest = latest_[key];
  reads_ += asked.size();
  reads_ -= latest.size();
  latest = std::move(asked);
}

std::vector<AskedMetric> OtherMetricsFeed::of(const std::string& key) const {
  std::lock_guard lock(mutex_);
  const auto found = latest_.find(key);
  return found == latest_.end() ? std::vector<AskedMetric>() : found->second;
}

void OtherMetricsFeed::forget(const std::string& key) {
  std::lock_guard lock(mutex_);
  const auto found = latest_.find(key);
  if (found == latest_.end()) return;
  reads_ -= found->second.size();
  latest_.erase(found);
}

std::size_t OtherMetricsFeed::reads() const {
  std::lock_guard lock(mutex_);
  return reads_;
}

bool differ(const Reading& before, const Reading& now) {
  if (before.samples.ok() != now.samples.ok() || before.values.ok() != now.values.ok()) return true;
  const auto same_sample = [](const auto& a, const auto& b) { return a.first == b.first && a.second.milli == b.second.milli; };
  if (now.samples.ok() && !std::equal(before.samples->begin(), before.samples->end(), now.samples->begin(), now.samples->end(), same_sample)) return true;
  return now.values.ok() && !std::is_permutation(before.values->begin(), before.values->end(), now.values->begin(), now.values->end());
}

}  // namespace plumb::controllers::hpa
