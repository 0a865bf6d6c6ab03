// What custom and external metrics were when each autoscaler last looked at them. Their APIs tell of no changes: they are read again between its
// rounds, and what has changed is worth a look. Safe from any thread.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "reference/controllers/horizontalpodautoscaler/other_metrics.h"

namespace plumb::controllers::hpa {

struct AskedMetric {
  autoscalingv2::MetricSpec spec;
  std::string path;
  Reading reading;
};

class OtherMetricsFeed {
 public:
  // What an autoscaler asked, and was answered.
  void took(const std::string& key, std::vector<AskedMetric> asked);
  std::vector<AskedMetric> of(const std::string& key) const;
  void forget(const std::string& key);
  // Reads that one round over all of them takes.
  std::size_t reads() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::vector<AskedMetric>> latest_;  // under mutex_
  std::size_t reads_ = 0;                                             // under mutex_
};

// Whether another decision may follow from `now`: other values, or values where there were none, or the other way round. When they were
// measured does not matter.
bool differ(const Reading& before, const Reading& now);

}  // namespace plumb::controllers::hpa
