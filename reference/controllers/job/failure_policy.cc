#include "reference/controllers/job/failure_policy.h"

#include <algorithm>

#include "reference/informer/client.h"

namespace plumb::controllers::job {

namespace {

bool matches(const batchv1::PodFailurePolicyOnExitCodesRequirement& wanted, const corev1::ContainerStatus& status) {
  if (!status.state.terminated || (wanted.containerName && *wanted.containerName != status.name)) return false;
  const std::int32_t code = status.state.terminated->exitCode;
  if (code == 0) return false;
  const bool listed = std::find(wanted.values.begin(), wanted.values.end(), code) != wanted.values.end();
  return wanted.operator_ == batchv1::PodFailurePolicyOnExitCodesOpIn ? listed : wanted.operator_ == batchv1::PodFailurePolicyOnExitCodesOpNotIn && !listed;
}

const corev1::ContainerStatus* find(const batchv1::PodFailurePolicyOnExitCodesRequirement& wanted, const corev1::PodStatus& status) {
  for (const auto* list : {&status.containerStatuses, &status.initContainerStatuses})
    for (const corev1::ContainerStatus& one : *list)
      if (matches(wanted, one)) return &one;
  return nullptr;
}

const corev1::PodCondition* find(const api::List<batchv1::PodFailurePolicyOnPodConditionsPattern>& patterns, const corev1::PodStatus& status) {
  for (const corev1::PodCondition& condition : status.conditions)
    for (const auto& pattern : patterns)
      if (condition.type == pattern.type && condition.status == pattern.status) return &condition;
  return nullptr;
}

// What the rule found in the pod, in upstream's words; "" when it does not match.
std::string found_by(const batchv1::PodFailurePolicyRule& rule, const corev1::Pod& pod) {
  const std::string name = informer::object_key(pod);
  if (rule.onExitCodes) {
    const corev1::ContainerStatus* container = find(*rule.onExitCodes, pod.status);
    if (!container) return {};
    return "Container " + container->name.str() + " for pod " + name + " failed with exit code " + std::to_string(container->state.terminated->exitCode);
  }
  const corev1::PodCondition* condition = find(rule.onPodConditions, pod.status);
  return condition ? "Pod " + name + " has condition " + condition->type.str() : std::string();
}

}  // namespace

FailureMatch match_failure_policy(const batchv1::Job& job, const corev1::Pod& pod) {
  using Is = FailureMatch::Is;
  if (!job.spec.podFailurePolicy) return {};
  const auto& rules = job.spec.podFailurePolicy->rules;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string found = found_by(rules[i], pod);
    if (found.empty()) continue;
    const auto& action = rules[i].action;
    if (action == batchv1::PodFailurePolicyActionIgnore) return {Is::ignore, {}, true};
    if (action == batchv1::PodFailurePolicyActionFailIndex) return {Is::fail_index, {}, true};
    if (action == batchv1::PodFailurePolicyActionCount) return {Is::count, {}, true};
    if (action == batchv1::PodFailurePolicyActionFailJob)
      return {Is::fail_job, found + " matching FailJob rule at index " + std::to_string(i), true};
  }
  return {};
}

}  // namespace plumb::controllers::job
