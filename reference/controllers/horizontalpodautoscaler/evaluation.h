// One pass over one autoscaler as a plan: read the scale, read the metrics that are its own, decide, write the scale (again on a conflict),
// write the status. What decides is decide.h.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "reference/controllers/horizontalpodautoscaler/autoscaler_metrics.h"
#include "reference/controllers/horizontalpodautoscaler/decide.h"
#include "reference/controllers/horizontalpodautoscaler/other_metrics_feed.h"
#include "reference/controllers/horizontalpodautoscaler/pod_metrics_feed.h"
#include "reference/controllers/horizontalpodautoscaler/selectors.h"

namespace plumb::controllers::hpa {

// A metric that the feed of its namespace answers.
bool needs_usage(const autoscalingv2::MetricSpec& spec);

// What passes share. Passes over different autoscalers may be under way at a time, of one only one.
class Evaluation {
 public:
  using Wrote = std::function<void(const api::Object& answer)>;

  // `wrote` is called with the answer to the write of the status.
  Plan of(const AutoscalerPtr& autoscaler, const Now& now, Wrote wrote);
  void forget(const std::string& key);

  Settings settings;
  informer::Lister<corev1::Pod> pods;
  Clock* clock = nullptr;  // for how long a pass takes
  PodMetricsFeed feed;
  OtherMetricsFeed others;
  SelectorIndex selectors;

 private:
  struct Pass;
  using PassPtr = std::shared_ptr<Pass>;
  Plan observe_pods(const PassPtr& pass);
  Plan read_custom(const PassPtr& pass);
  Plan read_others(const PassPtr& pass, const Result<std::string>& custom_version);
  Plan decide_on(const PassPtr& pass);
  Plan write_scale(const PassPtr& pass);
  Plan scale_written(const PassPtr& pass, const Outcome& outcome);
  Plan write_status(const PassPtr& pass);
  std::shared_ptr<ScaleHistory> history_of(const std::string& key);

  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<ScaleHistory>> histories_;  // under mutex_
};

}  // namespace plumb::controllers::hpa
