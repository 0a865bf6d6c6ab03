// The status of a disruption budget, from the pods that it selects.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/api/types/policyv1.h"
#include "reference/controllers/framework/plan.h"
#include "reference/informer/event_recorder.h"
#include "reference/informer/store.h"

namespace plumb::controllers::disruption {

using BudgetPtr = std::shared_ptr<const policyv1::PodDisruptionBudget>;
using PodPtr = std::shared_ptr<const corev1::Pod>;

// Who decides how many of a pod there are to be.
struct Scale {
  std::string uid;
  std::int32_t replicas = 0;
};
// That of a pod's controller; an error when there is none, or it has no scale.
using FindScale = std::function<Result<Scale>(const corev1::Pod& pod, const metav1::OwnerReference& controller)>;

// `pods`: those that the budget selects. A pod whose eviction was granted counts as gone for two minutes, though it is still there.
Plan decide(const BudgetPtr& budget, const std::vector<PodPtr>& pods, const FindScale& find_scale, const Now& now);

// When to take back the word that the pod is to be disrupted, for it still is not being deleted; nullopt: never.
std::optional<WallTime> target_goes_stale(const corev1::Pod& pod);
Plan decide_stale(const PodPtr& pod, const Now& now);

}  // namespace plumb::controllers::disruption
