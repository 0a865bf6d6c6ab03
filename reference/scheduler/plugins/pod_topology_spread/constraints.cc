#include "reference/scheduler/plugins/pod_topology_spread/constraints.h"

#include <algorithm>

#include "reference/api/codec/json.h"
#include "reference/resources/shared/label_selector.h"
#include "reference/scheduler/doc_reader.h"

namespace plumb::scheduler {

namespace {

std::vector<SpreadConstraint> made_of(const api::List<corev1::TopologySpreadConstraint>& list, std::string_view action) {
  std::vector<SpreadConstraint> constraints;
  for (const corev1::TopologySpreadConstraint& one : list) {
    if (one.whenUnsatisfiable != action) continue;
    SpreadConstraint& made = constraints.emplace_back();
    made.max_skew = one.maxSkew;
    made.min_domains = one.minDomains.value_or(1);
    made.topology_key = one.topologyKey;
    made.selector = resources::to_selector(one.labelSelector);
    if (one.nodeAffinityPolicy) made.honour_affinity = *one.nodeAffinityPolicy == corev1::NodeInclusionPolicyHonor;
    if (one.nodeTaintsPolicy) made.honour_taints = *one.nodeTaintsPolicy == corev1::NodeInclusionPolicyHonor;
  }
  return constraints;
}

corev1::TopologySpreadConstraint soft(std::string_view key, std::int32_t max_skew) {
  corev1::TopologySpreadConstraint made;
  made.topologyKey = key;
  made.whenUnsatisfiable = corev1::ScheduleAnyway;
  made.maxSkew = max_skew;
  return made;
}

const corev1::NodeSelector* required_of(const corev1::PodSpec& spec) {
  const corev1::NodeAffinity* affinity = spec.affinity ? spec.affinity->nodeAffinity.get() : nullptr;
  return affinity ? affinity->requiredDuringSchedulingIgnoredDuringExecution.get() : nullptr;
}

}  // namespace

api::List<corev1::TopologySpreadConstraint> SpreadConstraints::system_defaults() {
  return {soft("kubernetes.io/hostname", 3), soft("topology.kubernetes.io/zone", 5)};
}

Status SpreadConstraints::configure(const DocReader& args) {
  PLUMB_TRY(args.members({"defaultConstraints", "defaultingType"}));
  const std::string type = PLUMB_TRY(args.choice("defaultingType", "System", {"System", "List"}));
  const auto constraints = PLUMB_TRY(args.list("defaultConstraints"));
  if (type == "System" && !constraints.empty()) return args.error("defaultingType", "must be List where there are defaultConstraints");
  if (type == "System") return {};
  system_defaults_ = false;
  defaults_.clear();
  for (const DocReader& one : constraints) {
    PLUMB_TRY(one.members({"maxSkew", "topologyKey", "whenUnsatisfiable", "minDomains", "nodeAffinityPolicy", "nodeTaintsPolicy"}));
    PLUMB_TRY(one.integer("maxSkew", 0, 1, 1'000'000'000));
    PLUMB_TRY(one.choice("whenUnsatisfiable", "", {corev1::DoNotSchedule, corev1::ScheduleAnyway}));
    auto made = PLUMB_TRY(api::decode_json_as<corev1::TopologySpreadConstraint>(one.doc().to_json()));
    if (made.maxSkew <= 0) return one.error("maxSkew", "must be above 0");
    if (made.topologyKey.empty()) return one.error("topologyKey", "is needed");
    const bool again = std::any_of(defaults_.begin(), defaults_.end(), [&](const corev1::TopologySpreadConstraint& other) {
      return other.topologyKey == made.topologyKey && other.whenUnsatisfiable == made.whenUnsatisfiable;
    });
    if (again) return one.error("topologyKey", made.topologyKey.str() + " stands there twice with " + made.whenUnsatisfiable.str());
    defaults_.push_back(std::move(made));
  }
  return {};
}

std::vector<SpreadConstraint> SpreadConstraints::of(const corev1::Pod& pod, std::string_view action) const {
  if (!pod.spec.topologySpreadConstraints.empty()) return made_of(pod.spec.topologySpreadConstraints, action);
  const auto wanted = [&](const corev1::TopologySpreadConstraint& one) { return one.whenUnsatisfiable == action; };
  if (std::none_of(defaults_.begin(), defaults_.end(), wanted)) return {};
  const api::LabelSelector selector = workloads_.of(pod);
  if (selector.everything()) return {};
  std::vector<SpreadConstraint> constraints = made_of(defaults_, action);
  for (SpreadConstraint& one : constraints) one.selector = selector;
  return constraints;
}

CountQuery SpreadConstraints::query(const std::shared_ptr<const corev1::Pod>& pod, const SpreadConstraint& constraint, std::vector<api::Str> keys) {
  CountQuery query;
  PodMatcher& pods = query.pods.emplace_back();
  pods.namespaces.push_back(pod->metadata.namespace_);
  pods.selector = constraint.selector.everything() ? api::LabelSelector::nothing() : constraint.selector;
  query.leave_out_terminating = true;
  query.topology_key = constraint.topology_key;
  const corev1::NodeSelector* required = required_of(pod->spec);
  query.honour_affinity = constraint.honour_affinity && (required || !pod->spec.nodeSelector.empty());
  query.honour_taints = constraint.honour_taints;
  if (query.honour_affinity || query.honour_taints) query.of = pod;

  query.id = "spread " + constraint.topology_key.str() + " of";
  for (const api::Str& key : keys) query.id += " " + key.str();
  query.id += ": " + pods.text();
  if (query.honour_affinity) {
    for (const auto& [key, value] : pod->spec.nodeSelector) query.id += " " + key.str() + "=" + value.str();
    if (required) query.id += " " + api::to_json(*required);
  }
  if (query.honour_taints) {
    query.id += " tolerating";
    for (const corev1::Toleration& toleration : pod->spec.tolerations) query.id += " " + api::to_json(toleration);
  }
  query.node_keys = std::move(keys);
  return query;
}

}  // namespace plumb::scheduler
