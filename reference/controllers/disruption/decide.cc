#include "reference/controllers/disruption/decide.h"

#include <map>

#include "reference/controllers/framework/count_or_percent.h"
#include "reference/controllers/framework/pods.h"
#include "reference/resources/poddisruptionbudgets/disruption_allowed.h"
#include "reference/resources/shared/conditions.h"
#include "reference/resources/shared/label_selector.h"

namespace plumb::controllers::disruption {

namespace {

using policyv1::PodDisruptionBudget;

constexpr Duration deletion_timeout = std::chrono::minutes(2);  // from the grant of an eviction until the pod has to be seen going
constexpr Duration target_timeout = std::chrono::minutes(2);

struct Expected {
  std::int32_t pods = 0, healthy = 0;
  bool unmanaged = false;  // some pods have no controller
};

// The sum of what the controllers of the pods want, each counted once.
Status add_scales(const std::vector<PodPtr>& pods, const FindScale& find_scale, Expected& expected) {
  std::map<std::string, std::int32_t> scales;
  for (const PodPtr& pod : pods) {
    const metav1::OwnerReference* controller = informer::controller_ref(*pod);
    if (!controller) {
      expected.unmanaged = true;
    } else if (!scales.contains(controller->uid.str())) {
      const Scale scale = PLUMB_TRY(find_scale(*pod, *controller));
      scales[scale.uid] = scale.replicas;
    }
  }
  for (const auto& [uid, replicas] : scales) expected.pods += replicas;
  return {};
}

Result<Expected> expect(const PodDisruptionBudget& budget, const std::vector<PodPtr>& pods, const FindScale& find_scale) {
  const auto& spec = budget.spec;
  Expected expected;
  if (spec.maxUnavailable) {
    PLUMB_TRY(add_scales(pods, find_scale, expected));
    expected.healthy = std::max(expected.pods - scaled_value(spec.maxUnavailable, expected.pods, true), 0);
  } else if (spec.minAvailable.is_string()) {
    PLUMB_TRY(add_scales(pods, find_scale, expected));
    expected.healthy = scaled_value(spec.minAvailable, expected.pods, true);
  } else if (spec.minAvailable) {
    expected.pods = static_cast<std::int32_t>(pods.size());
    expected.healthy = spec.minAvailable.number;
  }
  return expected;
}

// Keeps of the granted evictions those that may still come true, and looks again when the first of them no longer may.
api::Map<api::Time> still_disrupted(const PodDisruptionBudget& budget, const std::vector<PodPtr>& pods, const Now& now, Plan& plan) {
  api::Map<api::Time> kept;
  for (const PodPtr& pod : pods) {
    const api::Time* granted = budget.status.disruptedPods.find(pod->metadata.name);
    if (!granted || pod->metadata.deletionTimestamp) continue;
    const Duration left = granted->wall() + deletion_timeout - now.wall;
    if (left > Duration::zero()) {
      kept.set(pod->metadata.name, *granted);
      plan.come_again(left);
    } else {
      plan.record(pod, informer::event_warning, "NotDeleted",
                  "Pod was expected by PDB " + informer::object_key(budget) + " to be deleted but it wasn't");
    }
  }
  return kept;
}

std::int32_t count_healthy(const std::vector<PodPtr>& pods, const api::Map<api::Time>& disrupted) {
  return static_cast<std::int32_t>(std::count_if(pods.begin(), pods.end(), [&](const PodPtr& pod) {
    return !pod->metadata.deletionTimestamp && !disrupted.contains(pod->metadata.name) && is_ready(*pod);
  }));
}

void write_status(const BudgetPtr& budget, policyv1::PodDisruptionBudgetStatus status, Plan& plan) {
  if (status == budget->status) return;
  auto next = std::make_shared<PodDisruptionBudget>(*budget);
  next->status = std::move(status);
  plan.act(informer::update_status_request(next)).accept = {"NotFound"};
}

// Whatever the numbers are, nothing more may be disrupted.
void fail_safe(const BudgetPtr& budget, const Error& error, const Now& now, Plan& plan) {
  auto status = budget->status;
  status.disruptionsAllowed = 0;
  metav1::Condition condition;
  condition.type = resources::disruption_allowed::type;
  condition.status = metav1::ConditionFalse;
  condition.reason = resources::disruption_allowed::sync_failed;
  condition.message = error.message;
  condition.observedGeneration = status.observedGeneration;
  resources::set_condition(status.conditions, std::move(condition), now.wall);
  write_status(budget, std::move(status), plan);
}

void warn_of_unmanaged(const BudgetPtr& budget, Plan& plan) {
  plan.record(budget, informer::event_warning, "UnmanagedPods",
              "Pods that this PodDisruptionBudget selects (" + resources::format_label_selector(budget->spec.selector.get()) +
                  ") have no controller, so its status cannot be calculated. Give .spec.minAvailable as an integer to count such pods.");
}

}  // namespace

Plan decide(const BudgetPtr& budget, const std::vector<PodPtr>& pods, const FindScale& find_scale, const Now& now) {
  Plan plan;
  if (pods.empty()) plan.record(budget, informer::event_normal, "NoPods", "No matching pods found");
  const Result<Expected> expected = expect(*budget, pods, find_scale);
  if (!expected.ok()) {
    plan.record(budget, informer::event_warning, "CalculateExpectedPodCountFailed",
                "Failed to calculate the number of expected pods: " + expected.error().message);
    fail_safe(budget, expected.error(), now, plan);
    return plan;
  }
  if (expected->unmanaged) warn_of_unmanaged(budget, plan);

  auto status = budget->status;
  status.disruptedPods = still_disrupted(*budget, pods, now, plan);
  status.currentHealthy = count_healthy(pods, status.disruptedPods);
  status.desiredHealthy = expected->healthy;
  status.expectedPods = expected->pods;
  // Where nothing is expected yet, the first pods that come are safe until they have been counted.
  status.disruptionsAllowed = expected->pods > 0 ? std::max(status.currentHealthy - status.desiredHealthy, 0) : 0;
  status.observedGeneration = budget->metadata.generation;
  resources::set_disruption_allowed(status, now.wall);
  // A condition that differs by its generation alone is not worth a write.
  auto unchanged = budget->status;
  unchanged.conditions = status.conditions;
  if (!(unchanged == status) || !resources::tells_disruption_allowed(*budget)) write_status(budget, std::move(status), plan);
  return plan;
}

std::optional<WallTime> target_goes_stale(const corev1::Pod& pod) {
  const corev1::PodCondition* target = condition(pod, corev1::DisruptionTarget);
  if (!target || target->status != metav1::ConditionTrue || pod.metadata.deletionTimestamp || is_terminal(pod)) return std::nullopt;
  // A kubelet that ends a pod may take any time.
  if (target->reason == "TerminationByKubelet") return std::nullopt;
  return target->lastTransitionTime.wall() + target_timeout;
}

Plan decide_stale(const PodPtr& pod, const Now& now) {
  Plan plan;
  const auto stale = pod ? target_goes_stale(*pod) : std::nullopt;
  if (!stale) return plan;
  if (*stale > now.wall) {
    plan.come_again(*stale - now.wall);
    return plan;
  }
  auto next = std::make_shared<corev1::Pod>(*pod);
  corev1::PodCondition undone;
  undone.type = corev1::DisruptionTarget;
  undone.status = metav1::ConditionFalse;
  resources::set_condition(next->status.conditions, std::move(undone), now.wall);
  plan.act(informer::update_status_request(next)).accept = {"NotFound"};
  return plan;
}

}  // namespace plumb::controllers::disruption
