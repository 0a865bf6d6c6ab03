#include "reference/controllers/daemonset/placement.h"

#include <algorithm>

#include "harness/base/encoding.h"
#include "reference/controllers/framework/history.h"
#include "reference/controllers/framework/pods.h"
#include "reference/scheduler/node_selection.h"
#include "reference/scheduler/tolerations.h"

namespace plumb::controllers::daemonset {

namespace {

constexpr std::string_view template_generation_annotation = "deprecated.daemonset.template.generation";
constexpr std::string_view template_generation_label = "pod-template-generation";

struct Tolerated {
  std::string_view key, effect;
  bool host_network_only = false;
};
constexpr Tolerated tolerated[] = {
    {"node.kubernetes.io/not-ready", "NoExecute"},        {"node.kubernetes.io/unreachable", "NoExecute"},
    {"node.kubernetes.io/disk-pressure", "NoSchedule"},   {"node.kubernetes.io/memory-pressure", "NoSchedule"},
    {"node.kubernetes.io/pid-pressure", "NoSchedule"},    {"node.kubernetes.io/unschedulable", "NoSchedule"},
    {"node.kubernetes.io/network-unavailable", "NoSchedule", true},
};

bool same_kind(const corev1::Toleration& a, const corev1::Toleration& b) {
  return a.key == b.key && a.effect == b.effect && a.operator_ == b.operator_ && a.value == b.value;
}

}  // namespace

void add_tolerations(corev1::PodSpec& spec) {
  for (const Tolerated& one : tolerated) {
    if (one.host_network_only && !spec.hostNetwork) continue;
    corev1::Toleration toleration;
    toleration.key = one.key;
    toleration.operator_ = corev1::TolerationOpExists;
    toleration.effect = one.effect;
    const auto same = std::find_if(spec.tolerations.begin(), spec.tolerations.end(), [&](const auto& there) { return same_kind(there, toleration); });
    // One that ends (tolerationSeconds) gives way to one that does not.
    if (same == spec.tolerations.end()) spec.tolerations.push_back(std::move(toleration));
    else *same = std::move(toleration);
  }
}

Placement::Placement(const appsv1::DaemonSet& set) {
  const corev1::PodSpec& wanted = set.spec.template_.spec;
  spec_.nodeName = wanted.nodeName;
  spec_.nodeSelector = wanted.nodeSelector;
  spec_.affinity = wanted.affinity;
  spec_.tolerations = wanted.tolerations;
  spec_.hostNetwork = wanted.hostNetwork;
  add_tolerations(spec_);
}

Verdict Placement::on(const corev1::Node& node) const {
  if (!spec_.nodeName.empty() && spec_.nodeName != node.metadata.name) return {};
  if (!scheduler::selects(spec_, node)) return {};
  Verdict verdict{true, true};
  for (const corev1::Taint& taint : node.spec.taints) {
    const bool evicts = taint.effect == corev1::TaintEffectNoExecute;
    if (!evicts && taint.effect != corev1::TaintEffectNoSchedule) continue;
    if (scheduler::tolerates(spec_.tolerations, taint.key, taint.value, taint.effect)) continue;
    verdict.run = false;
    if (evicts) verdict.stay = false;
  }
  return verdict;
}

std::shared_ptr<corev1::Pod> pod_for_any_node(const appsv1::DaemonSet& set, std::string_view hash) {
  auto pod = pod_from(set.spec.template_, set);
  add_tolerations(pod->spec);
  if (const auto generation = template_generation(set)) pod->metadata.labels.set(template_generation_label, api::Str(std::to_string(*generation)));
  pod->metadata.labels.set(revision_hash_label, api::Str(hash));
  return pod;
}

void tie_to_node(corev1::PodSpec& spec, std::string_view node) {
  auto& terms = spec.affinity.ensure().nodeAffinity.ensure().requiredDuringSchedulingIgnoredDuringExecution.ensure().nodeSelectorTerms;
  terms = {};
  corev1::NodeSelectorRequirement& name = terms.emplace_back().matchFields.emplace_back();
  name.key = "metadata.name";
  name.operator_ = corev1::NodeSelectorOpIn;
  name.values.push_back(api::Str(node));
}

std::optional<std::int64_t> template_generation(const appsv1::DaemonSet& set) {
  return parse_int(set.metadata.annotations.get(template_generation_annotation).view());
}

bool is_updated(const corev1::Pod& pod, std::string_view hash, std::optional<std::int64_t> generation) {
  const api::Str* made_of = pod.metadata.labels.find(revision_hash_label);
  if (made_of && !hash.empty() && *made_of == hash) return true;
  const api::Str* label = pod.metadata.labels.find(template_generation_label);
  return generation && label && *label == std::to_string(*generation);
}

}  // namespace plumb::controllers::daemonset
