#include "reference/scheduler/plugins/default_preemption/victims.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "reference/resources/shared/label_selector.h"

namespace plumb::scheduler {

namespace {

WallTime started(const PodInfo& pod) {
  const api::Time& time = pod.pod->status.startTime;
  return time ? time.wall() : WallTime::max();
}

bool by_importance(const PodInfoPtr& a, const PodInfoPtr& b) { return more_important(*a, *b); }

// What is left of the budgets while pods go one after the other.
class BudgetsLeft {
 public:
  explicit BudgetsLeft(const Budgets& budgets) {
    for (const auto& budget : budgets) left_.push_back({budget.get(), resources::to_selector(budget->spec.selector), budget->status.disruptionsAllowed});
  }
  // False when a budget of the pod's has nothing left.
  bool take(const corev1::Pod& pod) {
    bool allowed = true;
    if (pod.metadata.labels.empty()) return allowed;
    for (Left& left : left_) {
      if (left.budget->metadata.namespace_ != pod.metadata.namespace_ || left.selector.everything()) continue;
      if (!resources::matches(left.selector, pod.metadata.labels)) continue;
      // The API server has counted this one already.
      if (left.budget->status.disruptedPods.contains(pod.metadata.name)) continue;
      if (--left.allowed < 0) allowed = false;
    }
    return allowed;
  }

 private:
  struct Left {
    const policyv1::PodDisruptionBudget* budget;
    api::LabelSelector selector;
    std::int32_t allowed;
  };
  std::vector<Left> left_;
};

// Of victims in order of importance. Priorities are counted from the lowest there is, so that more victims are never better.
std::int64_t sum_of_priorities(const std::vector<PodInfoPtr>& victims) {
  std::int64_t sum = 0;
  for (const PodInfoPtr& victim : victims) sum += std::int64_t{victim->priority} - std::numeric_limits<std::int32_t>::min();
  return sum;
}
WallTime first_start_of_the_most_important(const std::vector<PodInfoPtr>& victims) {
  WallTime first = WallTime::max();
  for (const PodInfoPtr& victim : victims)
    if (victim->priority == victims.front()->priority) first = std::min(first, started(*victim));
  return first;
}

}  // namespace

bool more_important(const PodInfo& a, const PodInfo& b) { return a.priority != b.priority ? a.priority > b.priority : started(a) < started(b); }

RoomSearch find_room(const PodInfo& pod, const NodeInfo& node, DryRun& dry_run, const Budgets& budgets) {
  RoomSearch search;
  search.room.node = node.name().str();
  std::vector<PodInfoPtr> lower;
  for (const PodInfoPtr& other : node.pods)
    if (other->priority < pod.priority) lower.push_back(other);
  for (const PodInfoPtr& other : lower) dry_run.remove(other);
  Reasons reasons;
  search.code = dry_run.filter(reasons);
  if (search.code != Code::success) {
    search.reasons.assign(reasons.begin(), reasons.end());
    return search;
  }
  std::stable_sort(lower.begin(), lower.end(), by_importance);
  BudgetsLeft left(budgets);
  std::vector<PodInfoPtr> forbidden, allowed;
  for (PodInfoPtr& other : lower) (left.take(*other->pod) ? allowed : forbidden).push_back(std::move(other));
  const auto spared = [&](const PodInfoPtr& other) {
    dry_run.add(other);
    reasons.clear();
    if (dry_run.filter(reasons) == Code::success) return true;
    dry_run.remove(other);
    search.room.victims.push_back(other);
    return false;
  };
  for (const PodInfoPtr& other : forbidden)
    if (!spared(other)) ++search.room.budgets_violated;
  for (const PodInfoPtr& other : allowed) spared(other);
  std::stable_sort(search.room.victims.begin(), search.room.victims.end(), by_importance);
  return search;
}

std::size_t best_room(const std::vector<Room>& rooms) {
  const auto badness = [](const Room& room) {
    return std::tuple(room.budgets_violated, room.victims.front()->priority, sum_of_priorities(room.victims), room.victims.size(),
                      -first_start_of_the_most_important(room.victims).time_since_epoch());
  };
  const auto best = std::min_element(rooms.begin(), rooms.end(), [&](const Room& a, const Room& b) { return badness(a) < badness(b); });
  return static_cast<std::size_t>(best - rooms.begin());
}

}  // namespace plumb::scheduler
