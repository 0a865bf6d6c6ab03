#include "reference/scheduler/node_selection.h"

#include <algorithm>

#include "reference/scheduler/whole_number.h"

namespace plumb::scheduler {

namespace {

bool contains(const api::List<api::Str>& values, std::string_view value) {
  return std::any_of(values.begin(), values.end(), [&](const api::Str& one) { return one == value; });
}

bool matches(const corev1::NodeSelectorRequirement& requirement, const api::Str* value) {
  const std::string_view op = requirement.operator_;
  if (op == corev1::NodeSelectorOpIn) return value && contains(requirement.values, *value);
  if (op == corev1::NodeSelectorOpNotIn) return !value || !contains(requirement.values, *value);
  if (op == corev1::NodeSelectorOpExists) return value != nullptr;
  if (op == corev1::NodeSelectorOpDoesNotExist) return value == nullptr;
  if (!value || requirement.values.size() != 1) return false;
  const auto has = whole_number(*value), bound = whole_number(requirement.values[0]);
  if (!has || !bound) return false;
  if (op == corev1::NodeSelectorOpGt) return *has > *bound;
  if (op == corev1::NodeSelectorOpLt) return *has < *bound;
  return false;
}

}  // namespace

bool matches(const corev1::NodeSelectorTerm& term, const corev1::Node& node) {
  if (term.matchExpressions.empty() && term.matchFields.empty()) return false;
  const auto by_label = [&](const corev1::NodeSelectorRequirement& one) { return matches(one, node.metadata.labels.find(one.key)); };
  const auto by_field = [&](const corev1::NodeSelectorRequirement& one) { return one.key == "metadata.name" && matches(one, &node.metadata.name); };
  return std::all_of(term.matchExpressions.begin(), term.matchExpressions.end(), by_label) &&
         std::all_of(term.matchFields.begin(), term.matchFields.end(), by_field);
}

bool selects(const corev1::PodSpec& spec, const corev1::Node& node) {
  const bool labelled = std::all_of(spec.nodeSelector.begin(), spec.nodeSelector.end(), [&](const auto& entry) {
    const api::Str* value = node.metadata.labels.find(entry.key);
    return value && *value == entry.value;
  });
  if (!labelled) return false;
  const corev1::NodeAffinity* affinity = spec.affinity ? spec.affinity->nodeAffinity.get() : nullptr;
  const corev1::NodeSelector* required = affinity ? affinity->requiredDuringSchedulingIgnoredDuringExecution.get() : nullptr;
  return !required || std::any_of(required->nodeSelectorTerms.begin(), required->nodeSelectorTerms.end(),
                                  [&](const corev1::NodeSelectorTerm& term) { return matches(term, node); });
}

}  // namespace plumb::scheduler
