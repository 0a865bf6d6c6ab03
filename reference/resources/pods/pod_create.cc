#include "reference/resources/pods/pod_create.h"

#include <algorithm>

namespace plumb::resources {
namespace {

void merge(api::Box<metav1::LabelSelector>& selector, const api::List<api::Str>& keys, std::string_view op, const api::Map<api::Str>& labels) {
  if (!selector) return;
  for (const api::Str& key : keys) {
    const api::Str* value = labels.find(key);
    if (!value) continue;
    metav1::LabelSelectorRequirement& made = selector->matchExpressions.emplace_back();
    made.key = key;
    made.operator_ = op;
    made.values.push_back(*value);
  }
}

void merge(corev1::PodAffinityTerm& term, const api::Map<api::Str>& labels) {
  merge(term.labelSelector, term.matchLabelKeys, metav1::LabelSelectorOpIn, labels);
  merge(term.labelSelector, term.mismatchLabelKeys, metav1::LabelSelectorOpNotIn, labels);
}

template <class Affinity>
void merge(api::Box<Affinity>& affinity, const api::Map<api::Str>& labels) {
  if (!affinity) return;
  for (auto& term : affinity->preferredDuringSchedulingIgnoredDuringExecution) merge(term.podAffinityTerm, labels);
  for (auto& term : affinity->requiredDuringSchedulingIgnoredDuringExecution) merge(term, labels);
}

}  // namespace

void show_gates(corev1::Pod& pod) {
  if (pod.spec.schedulingGates.empty()) return;
  corev1::PodCondition& condition = pod.status.conditions.emplace_back();
  condition.type = corev1::PodScheduled;
  condition.status = corev1::ConditionFalse;
  condition.lastTransitionTime = pod.metadata.creationTimestamp;
  condition.reason = "SchedulingGated";
  condition.message = "Scheduling is blocked due to non-empty scheduling gates";
}

void merge_label_keys(corev1::Pod& pod) {
  const api::Map<api::Str>& labels = pod.metadata.labels;
  if (pod.spec.affinity) {
    merge(pod.spec.affinity->podAffinity, labels);
    merge(pod.spec.affinity->podAntiAffinity, labels);
  }
  for (corev1::TopologySpreadConstraint& one : pod.spec.topologySpreadConstraints)
    merge(one.labelSelector, one.matchLabelKeys, metav1::LabelSelectorOpIn, labels);
}

}  // namespace plumb::resources
