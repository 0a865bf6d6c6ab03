#include "reference/controllers/daemonset/node_pods.h"

#include <algorithm>

#include "reference/controllers/framework/count_or_percent.h"
#include "reference/controllers/framework/pods.h"

namespace plumb::controllers::daemonset {

namespace {

using Place = NodePods::Place;

std::int32_t surge_of(const appsv1::DaemonSet& set, std::int32_t desired) {
  const auto& strategy = set.spec.updateStrategy;
  if (strategy.type != appsv1::RollingUpdateDaemonSetStrategyType || !strategy.rollingUpdate) return 0;
  return scaled_value(strategy.rollingUpdate->maxSurge, desired, true);
}

std::int32_t unavailable_of(const appsv1::DaemonSet& set, std::int32_t desired) {
  const auto& rolling = set.spec.updateStrategy.rollingUpdate;
  return rolling ? scaled_value(rolling->maxUnavailable, desired, true) : 0;
}

class Rolling {
 public:
  Rolling(const appsv1::DaemonSet& set, const NodePods& pods, std::string_view hash, const Now& now)
      : set_(set), pods_(pods), hash_(hash), generation_(template_generation(set)), now_(now) {
    surge_ = surge_of(set, pods.desired());
    unavailable_ = unavailable_of(set, pods.desired());
    if (pods.desired() > 0 && surge_ == 0 && unavailable_ == 0) unavailable_ = 1;
  }

  Changes run() {
    for (const auto& [name, place] : pods_.places()) {
      if (!place.verdict.run && place.pods.empty()) continue;
      surge_ == 0 ? replace_on(place) : surge_on(name, place);
    }
    surge_ == 0 ? choose_replacements() : choose_surge();
    return std::move(changes_);
  }

 private:
  // The pods of a node that are not being deleted, new and old; more than one of either is not the rolling update's business.
  struct Pair {
    PodPtr fresh, old;
    bool excess = false;
  };
  Pair pair_on(const Place& place) const {
    Pair pair;
    for (const PodPtr& pod : place.pods) {
      if (pod->metadata.deletionTimestamp) continue;
      PodPtr& slot = is_updated(*pod, hash_, generation_) ? pair.fresh : pair.old;
      if (slot) pair.excess = true;
      slot = pod;
    }
    return pair;
  }
  bool available(const PodPtr& pod) const { return is_available(*pod, set_.spec.minReadySeconds, now_.wall); }

  // Old pods that serve nobody go at once; those that do count against what may be missing.
  void replace_on(const Place& place) {
    const Pair pair = pair_on(place);
    if (pair.excess || !pair.fresh == !pair.old) {
      ++missing_;
    } else if (pair.fresh) {
      missing_ += !available(pair.fresh);
    } else if (!available(pair.old)) {
      changes_.remove.push_back(pair.old);
      ++missing_;
    } else {
      candidates_.push_back(pair.old);
    }
  }
  void choose_replacements() {
    const auto count = std::min<std::int64_t>(std::max(0, unavailable_ - missing_), static_cast<std::int64_t>(candidates_.size()));
    changes_.remove.insert(changes_.remove.end(), candidates_.begin(), candidates_.begin() + count);
  }

  // A new pod beside the old one, which goes once the new one is available. Where the old one serves nobody the new one needs no leave.
  void surge_on(std::string_view name, const Place& place) {
    const Pair pair = pair_on(place);
    if (pair.excess) {
      ++surging_;
      return;
    }
    if (const PodPtr& serving = pair.old ? pair.old : pair.fresh; serving && available(serving)) ++serving_;
    if (!pair.old) return;
    if (pair.fresh) {
      if (available(pair.fresh)) changes_.remove.push_back(pair.old);
      else ++surging_;
    } else if (!place.verdict.run) {
      (available(pair.old) ? leaving_ : changes_.remove).push_back(pair.old);
    } else if (available(pair.old)) {
      surge_candidates_.push_back(name);
    } else {
      changes_.create_on.push_back(name);
    }
  }
  void choose_surge() {
    // Pods on nodes that should have none any more go only as others take their place.
    const auto spare = std::min<std::int64_t>(std::max(0, serving_ - pods_.desired()), static_cast<std::int64_t>(leaving_.size()));
    changes_.remove.insert(changes_.remove.end(), leaving_.begin(), leaving_.begin() + spare);
    const auto count = std::min<std::int64_t>(std::max(0, surge_ - surging_), static_cast<std::int64_t>(surge_candidates_.size()));
    changes_.create_on.insert(changes_.create_on.end(), surge_candidates_.begin(), surge_candidates_.begin() + count);
  }

  const appsv1::DaemonSet& set_;
  const NodePods& pods_;
  const std::string_view hash_;
  const std::optional<std::int64_t> generation_;
  const Now now_;
  std::int32_t surge_, unavailable_;
  Changes changes_;
  std::int32_t missing_ = 0, surging_ = 0, serving_ = 0;
  std::vector<PodPtr> candidates_, leaving_;
  std::vector<std::string_view> surge_candidates_;
};

}  // namespace

bool allows_surge(const appsv1::DaemonSet& set) { return surge_of(set, 1) > 0; }

Changes roll(const appsv1::DaemonSet& set, const NodePods& pods, std::string_view hash, const Now& now) {
  return Rolling(set, pods, hash, now).run();
}

}  // namespace plumb::controllers::daemonset
