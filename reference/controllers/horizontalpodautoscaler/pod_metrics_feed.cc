#include "reference/controllers/horizontalpodautoscaler/pod_metrics_feed.h"

namespace plumb::controllers::hpa {
namespace {

Answered read(const Result<std::string>& answer) {
  Error error;
  if (answer.ok()) {
    auto usages = read_pod_metrics(*answer);
    if (usages.ok()) return usages;
    error = std::move(usages).error();
  } else {
    error = answer.error();
    if (error.http_status == 404) error.message += " (get pods.metrics.k8s.io)";
  }
  return std::move(error).in("unable to fetch metrics from resource metrics API");
}

}  // namespace

std::string PodMetricsFeed::path(std::string_view namespace_) { return "/apis/metrics.k8s.io/v1beta1/namespaces/" + std::string(namespace_) + "/pods"; }

std::shared_ptr<const Answered> PodMetricsFeed::of(const std::string& namespace_) const {
  std::lock_guard lock(mutex_);
  const auto found = latest_.find(namespace_);
  return found == latest_.end() ? nullptr : found->second;
}

std::vector<std::string> PodMetricsFeed::take(const std::string& namespace_, const Result<std::string>& answer) {
  const auto now = std::make_shared<const Answered>(read(answer));
  std::shared_ptr<const Answered> before;
  {
    std::lock_guard lock(mutex_);
    before = std::exchange(latest_[namespace_], now);
  }
  std::vector<std::string> changed;
  if (!now->ok()) return changed;
  for (const auto& [pod, usage] : **now) {
    if (before && before->ok()) {
      const auto known = (*before)->find(pod);
      if (known != (*before)->end() && known->second == usage) continue;
    }
    changed.push_back(pod);
  }
  return changed;
}

void PodMetricsFeed::forget(const std::string& namespace_) {
  std::lock_guard lock(mutex_);
  latest_.erase(namespace_);
}

Result<PodUsages> usages_of(const Answered& all, const std::vector<std::string_view>& pods) {
  if (!all.ok()) return all.error();
  PodUsages some;
  for (const std::string_view pod : pods)
    if (const auto found = all->find(pod); found != all->end()) some.emplace(found->first, found->second);
  if (some.empty()) return fail(Code::not_found, "no metrics returned from resource metrics API");
  return some;
}

}  // namespace plumb::controllers::hpa
