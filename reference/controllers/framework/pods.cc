#include "reference/controllers/framework/pods.h"

#include "reference/controllers/framework/ownership.h"

namespace plumb::controllers {

const corev1::PodCondition* condition(const corev1::Pod& pod, std::string_view type) {
  for (const corev1::PodCondition& condition : pod.status.conditions)
    if (condition.type == type) return &condition;
  return nullptr;
}

bool is_ready(const corev1::Pod& pod) {
  const corev1::PodCondition* ready = condition(pod, corev1::PodReady);
  return ready && ready->status == corev1::ConditionTrue;
}

bool is_available(const corev1::Pod& pod, std::int32_t min_ready_seconds, WallTime now) {
  return is_ready(pod) && !available_in(pod, min_ready_seconds, now);
}

std::optional<Duration> available_in(const corev1::Pod& pod, std::int32_t min_ready_seconds, WallTime now) {
  const corev1::PodCondition* ready = condition(pod, corev1::PodReady);
  if (!ready || ready->status != corev1::ConditionTrue || min_ready_seconds == 0) return std::nullopt;
  const WallTime since = ready->lastTransitionTime ? ready->lastTransitionTime.wall() : now;
  const Duration left = since + std::chrono::seconds(min_ready_seconds) - now;
  return left > Duration::zero() ? std::optional(left) : std::nullopt;
}

std::string_view target_node(const corev1::Pod& pod) {
  if (!pod.spec.nodeName.empty()) return pod.spec.nodeName.view();
  const corev1::NodeAffinity* affinity = pod.spec.affinity ? pod.spec.affinity->nodeAffinity.get() : nullptr;
  const corev1::NodeSelector* required = affinity ? affinity->requiredDuringSchedulingIgnoredDuringExecution.get() : nullptr;
  if (!required) return {};
  for (const corev1::NodeSelectorTerm& term : required->nodeSelectorTerms)
    for (const corev1::NodeSelectorRequirement& field : term.matchFields)
      if (field.key == "metadata.name" && field.operator_ == corev1::NodeSelectorOpIn)
        return field.values.size() == 1 ? field.values[0].view() : std::string_view();
  return {};
}

std::shared_ptr<corev1::Pod> pod_from(const corev1::PodTemplateSpec& pod_template, const api::Object& owner) {
  auto pod = std::make_shared<corev1::Pod>();
  pod->metadata.namespace_ = owner.metadata.namespace_;
  pod->metadata.generateName = owner.metadata.name.str() + "-";
  pod->metadata.labels = pod_template.metadata.labels;
  pod->metadata.annotations = pod_template.metadata.annotations;
  pod->metadata.finalizers = pod_template.metadata.finalizers;
  pod->metadata.ownerReferences.push_back(controller_reference(owner));
  pod->spec = pod_template.spec;
  return pod;
}

}  // namespace plumb::controllers
