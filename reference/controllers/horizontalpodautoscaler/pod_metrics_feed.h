// What pods use, by namespace, as last read: one read serves all autoscalers of a namespace. Safe from any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "reference/controllers/horizontalpodautoscaler/metric_samples.h"

namespace plumb::controllers::hpa {

using Answered = Result<PodUsages>;

class PodMetricsFeed {
 public:
  static std::string path(std::string_view namespace_);
  // nullptr where nothing has been read yet.
  std::shared_ptr<const Answered> of(const std::string& namespace_) const;
  // Takes in what a read answered. Gives the pods whose sample is another than before.
  std::vector<std::string> take(const std::string& namespace_, const Result<std::string>& answer);
  void forget(const std::string& namespace_);

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const Answered>> latest_;  // under mutex_
};

// As an autoscaler sees it: a metric of the pods that it selects, or upstream's words for why there is none.
Result<PodUsages> usages_of(const Answered& all, const std::vector<std::string_view>& pods);

}  // namespace plumb::controllers::hpa
