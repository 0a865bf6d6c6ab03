#include "reference/resources/jobs/policy_rules.h"

#include <algorithm>
#include <set>

#include "reference/resources/jobs/index_rules.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/type_defaults.h"

namespace plumb::resources {
namespace {

constexpr std::size_t most_rules = 20, most_exit_codes = 255, most_conditions = 20, longest_indexes = 64 * 1024;

const TypeDefault<batchv1::PodFailurePolicyOnPodConditionsPattern> pattern{[](batchv1::PodFailurePolicyOnPodConditionsPattern& pattern) {
  if (pattern.status.empty()) pattern.status = "True";
}};

std::string shown(const api::List<std::int32_t>& values) {
  if (values.empty()) return "null";
  std::string text;
  for (const std::int32_t value : values) text += (text.empty() ? "[" : ",") + std::to_string(value);
  return text + "]";
}

bool has_container(const corev1::PodSpec& spec, std::string_view name) {
  const auto is_it = [&](const corev1::Container& container) { return container.name == name; };
  return std::any_of(spec.containers.begin(), spec.containers.end(), is_it) ||
         std::any_of(spec.initContainers.begin(), spec.initContainers.end(), is_it);
}

void check_exit_code_values(const batchv1::PodFailurePolicyOnExitCodesRequirement& requirement, const FieldPath& path, FieldErrors& errors) {
  const auto& values = requirement.values;
  if (values.empty()) errors.invalid(path, shown(values), "at least one value is required");
  if (values.size() > most_exit_codes) errors.too_many(path, values.size(), most_exit_codes);
  std::set<std::int32_t> seen;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string text = std::to_string(values[i]);
    if (requirement.operator_ == batchv1::PodFailurePolicyOnExitCodesOpIn && values[i] == 0)
      errors.invalid(path.index(i), text, "must not be 0 for the In operator");
    if (!seen.insert(values[i]).second) errors.duplicate(path.index(i), text);
  }
  if (!std::is_sorted(values.begin(), values.end())) errors.invalid(path, shown(values), "must be ordered");
}

void check_on_exit_codes(const batchv1::PodFailurePolicyOnExitCodesRequirement& requirement, const corev1::PodSpec& pod, const FieldPath& path,
                         FieldErrors& errors) {
  if (requirement.operator_.empty()) errors.required(path.child("operator"), R"(valid values: ["In" "NotIn"])");
  if (requirement.containerName && !has_container(pod, *requirement.containerName))
    errors.invalid(path.child("containerName"), quoted(*requirement.containerName),
                   "must be one of the container or initContainer names in the pod template");
  check_exit_code_values(requirement, path.child("values"), errors);
}

void check_on_conditions(const api::List<batchv1::PodFailurePolicyOnPodConditionsPattern>& patterns, const FieldPath& path, FieldErrors& errors) {
  if (patterns.size() > most_conditions) errors.too_many(path, patterns.size(), most_conditions);
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const auto& [type, status] = patterns[i];
    const FieldPath status_path = path.index(i).child("status");
    check_text(api::check_qualified_name(type), path.index(i).child("type"), type, errors);
    if (status.empty()) {
      errors.required(status_path, R"(valid values: ["False" "True" "Unknown"])");
    } else if (status != corev1::ConditionTrue && status != corev1::ConditionFalse && status != corev1::ConditionUnknown) {
      errors.not_supported(status_path, quoted(status), {"False", "True", "Unknown"});
    }
  }
}

void check_failure_rule(const batchv1::PodFailurePolicyRule& rule, const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (rule.action.empty()) {
    errors.required(path.child("action"), R"(valid values: ["Count" "FailIndex" "FailJob" "Ignore"])");
  } else if (rule.action == batchv1::PodFailurePolicyActionFailIndex && !spec.backoffLimitPerIndex) {
    errors.invalid(path.child("action"), quoted(rule.action), "requires the backoffLimitPerIndex to be set");
  }
  if (rule.onExitCodes) check_on_exit_codes(*rule.onExitCodes, spec.template_.spec, path.child("onExitCodes"), errors);
  check_on_conditions(rule.onPodConditions, path.child("onPodConditions"), errors);
  if (rule.onExitCodes && !rule.onPodConditions.empty()) errors.invalid(path, "specifying both OnExitCodes and OnPodConditions is not supported", {});
  if (!rule.onExitCodes && rule.onPodConditions.empty()) errors.invalid(path, "specifying one of OnExitCodes and OnPodConditions is required", {});
}

void check_success_rule(const batchv1::SuccessPolicyRule& rule, std::int32_t completions, const FieldPath& path, FieldErrors& errors) {
  if (!rule.succeededCount && !rule.succeededIndexes)
    errors.required(path, "at least one of succeededCount or succeededIndexes must be specified");
  std::int32_t indexes = 0;
  if (rule.succeededIndexes) {
    const FieldPath at = path.child("succeededIndexes");
    if (rule.succeededIndexes->size() > longest_indexes) errors.too_long(at, longest_indexes);
    const auto total = check_indexes(*rule.succeededIndexes, completions);
    if (total.ok()) {
      indexes = *total;
    } else {
      errors.invalid(at, quoted(*rule.succeededIndexes), "error parsing succeededIndexes: " + total.error().message);
    }
  }
  if (!rule.succeededCount) return;
  const FieldPath at = path.child("succeededCount");
  const auto at_most = [&](std::int32_t limit, std::string_view of_what) {
    if (*rule.succeededCount > limit)
      errors.invalid(at, std::to_string(*rule.succeededCount), "must be less than or equal to " + std::to_string(limit) + std::string(of_what));
  };
  check_nonnegative(*rule.succeededCount, at, errors);
  at_most(completions, " (the number of specified completions)");
  if (rule.succeededIndexes) at_most(indexes, " (the number of indexes in the specified succeededIndexes field)");
}

}  // namespace

void check_failure_policy(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const auto& rules = spec.podFailurePolicy->rules;
  const FieldPath at = path.child("rules");
  if (rules.size() > most_rules) errors.too_many(at, rules.size(), most_rules);
  for (std::size_t i = 0; i < rules.size(); ++i) check_failure_rule(rules[i], spec, at.index(i), errors);
}

void check_success_policy(const batchv1::JobSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const auto& rules = spec.successPolicy->rules;
  const FieldPath at = path.child("rules");
  if (rules.empty()) errors.required(at, "at least one rules must be specified when the successPolicy is specified");
  if (rules.size() > most_rules) errors.too_many(at, rules.size(), most_rules);
  if (!spec.completions) return;  // its absence is reported where it belongs
  for (std::size_t i = 0; i < rules.size(); ++i) check_success_rule(rules[i], *spec.completions, at.index(i), errors);
}

}  // namespace plumb::resources
