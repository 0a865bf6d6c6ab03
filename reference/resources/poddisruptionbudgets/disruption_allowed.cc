#include "reference/resources/poddisruptionbudgets/disruption_allowed.h"

#include "reference/resources/shared/conditions.h"
#include "reference/resources/shared/label_selector.h"

namespace plumb::resources {
namespace {

metav1::Condition wanted(const policyv1::PodDisruptionBudgetStatus& status) {
  const bool allowed = status.disruptionsAllowed > 0;
  metav1::Condition condition;
  condition.type = disruption_allowed::type;
  condition.status = allowed ? metav1::ConditionTrue : metav1::ConditionFalse;
  condition.reason = allowed ? disruption_allowed::sufficient_pods : disruption_allowed::insufficient_pods;
  condition.observedGeneration = status.observedGeneration;
  return condition;
}

}  // namespace

void set_disruption_allowed(policyv1::PodDisruptionBudgetStatus& status, WallTime now) { set_condition(status.conditions, wanted(status), now); }

bool tells_disruption_allowed(const policyv1::PodDisruptionBudget& budget) {
  const metav1::Condition* found = find_condition(budget.status.conditions, disruption_allowed::type);
  const metav1::Condition expected = wanted(budget.status);
  return found && budget.status.observedGeneration == budget.metadata.generation && found->status == expected.status && found->reason == expected.reason;
}

bool selects(const policyv1::PodDisruptionBudget& budget, const api::Map<api::Str>& labels) { return matches(to_selector(budget.spec.selector), labels); }

}  // namespace plumb::resources
