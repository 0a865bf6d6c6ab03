#include <algorithm>
#include <set>

#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/label_selector.h"

namespace plumb::resources {
namespace {

void check_requirement(const corev1::NodeSelectorRequirement& one, const FieldPath& path, FieldErrors& errors) {
  const std::string_view op = one.operator_;
  if ((op == "In" || op == "NotIn") && one.values.empty())
    errors.required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
  if ((op == "Exists" || op == "DoesNotExist") && !one.values.empty())
    errors.forbidden(path.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  if ((op == "Gt" || op == "Lt") && one.values.size() != 1)
    errors.required(path.child("values"), "must be specified single value when `operator` is 'Lt' or 'Gt'");
  if (op.empty()) errors.invalid(path.child("operator"), quoted(op), "not a valid selector operator");
  check_text(api::check_qualified_name(one.key), path.child("key"), one.key, errors);
}

void check_field_requirement(const corev1::NodeSelectorRequirement& one, const FieldPath& path, FieldErrors& errors) {
  if (one.operator_ != "In" && one.operator_ != "NotIn")
    errors.invalid(path.child("operator"), quoted(one.operator_), "not a valid selector operator");
  else if (one.values.size() != 1)
    errors.required(path.child("values"), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  if (one.key != "metadata.name") errors.invalid(path.child("key"), quoted(one.key), "not a valid field selector key");
}

void check_weight(std::int32_t weight, const FieldPath& path, FieldErrors& errors) {
  if (weight <= 0 || weight > 100) errors.invalid(path.child("weight"), std::to_string(weight), "must be in the range 1-100");
}

void check_node_affinity(const corev1::NodeAffinity& affinity, const FieldPath& path, FieldErrors& errors) {
  if (const auto& required = affinity.requiredDuringSchedulingIgnoredDuringExecution)
    check_node_selector(*required, path.child("requiredDuringSchedulingIgnoredDuringExecution"), errors);
  const auto& preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution;
  for (std::size_t i = 0; i < preferred.size(); ++i) {
    const FieldPath at = path.child("preferredDuringSchedulingIgnoredDuringExecution").index(i);
    check_weight(preferred[i].weight, at, errors);
    check_node_selector_term(preferred[i].preference, at.child("preference"), errors);
  }
}

void check_topology_key(std::string_view key, const FieldPath& path, FieldErrors& errors) {
  if (key.empty()) return errors.required(path, "can not be empty");
  check_text(api::check_qualified_name(key), path, key, errors);
}

void check_label_keys(const api::List<api::Str>& keys, const metav1::LabelSelector* selector, const FieldPath& path, FieldErrors& errors) {
  if (!keys.empty() && !selector) return errors.forbidden(path, "must not be specified when labelSelector is not set");
  for (std::size_t i = 0; i < keys.size(); ++i) check_text(api::check_qualified_name(keys[i]), path.index(i), keys[i], errors);
}

// Of a pod that is being made the server has added a requirement for each of `keys`, so what the user asked of the same label stands before it.
// Upstream names the key's place without naming its list.
void check_asked_once(const api::List<api::Str>& keys, const metav1::LabelSelector& selector, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> asked;
  for (const auto& [key, value] : selector.matchLabels) asked.insert(key);
  for (const metav1::LabelSelectorRequirement& one : selector.matchExpressions) {
    const bool again = !asked.insert(one.key).second;
    const auto at = std::find(keys.begin(), keys.end(), one.key);
    if (again && at != keys.end())
      errors.invalid(path.index(static_cast<std::size_t>(at - keys.begin())), quoted(one.key), "exists in both matchLabelKeys and labelSelector");
  }
}

void check_label_keys(const api::List<api::Str>& match, const api::List<api::Str>& mismatch, const metav1::LabelSelector* selector, const FieldPath& path,
                      FieldErrors& errors) {
  check_label_keys(match, selector, path.child("matchLabelKeys"), errors);
  check_label_keys(mismatch, selector, path.child("mismatchLabelKeys"), errors);
  if (selector) check_asked_once(match, *selector, path, errors);
  for (std::size_t i = 0; i < match.size(); ++i)
    if (std::find(mismatch.begin(), mismatch.end(), match[i]) != mismatch.end())
      errors.invalid(path.child("matchLabelKeys").index(i), quoted(match[i]), "exists in both matchLabelKeys and mismatchLabelKeys");
}

void check_pod_term(const corev1::PodAffinityTerm& term, const FieldPath& path, FieldErrors& errors) {
  if (term.labelSelector) check_label_selector(*term.labelSelector, path.child("labelSelector"), errors);
  if (term.namespaceSelector) check_label_selector(*term.namespaceSelector, path.child("namespaceSelector"), errors);
  for (const auto& name : term.namespaces) check_text(api::check_dns1123_label(name), path.child("namespace"), name, errors);
  check_label_keys(term.matchLabelKeys, term.mismatchLabelKeys, term.labelSelector.get(), path, errors);
  if (term.topologyKey.empty()) errors.required(path.child("topologyKey"), "can not be empty");
  check_text(api::check_qualified_name(term.topologyKey), path.child("topologyKey"), term.topologyKey, errors);
}

template <class Affinity>
void check_pod_affinity(const Affinity& affinity, const FieldPath& path, FieldErrors& errors) {
  const auto& required = affinity.requiredDuringSchedulingIgnoredDuringExecution;
  for (std::size_t i = 0; i < required.size(); ++i)
    check_pod_term(required[i], path.child("requiredDuringSchedulingIgnoredDuringExecution").index(i), errors);
  const auto& preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution;
  for (std::size_t i = 0; i < preferred.size(); ++i) {
    const FieldPath at = path.child("preferredDuringSchedulingIgnoredDuringExecution").index(i);
    check_weight(preferred[i].weight, at, errors);
    check_pod_term(preferred[i].podAffinityTerm, at.child("podAffinityTerm"), errors);
  }
}

void check_spread(const api::List<corev1::TopologySpreadConstraint>& list, const FieldPath& path, FieldErrors& errors) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto& one = list[i];
    const FieldPath at = path.index(i);
    if (one.maxSkew <= 0) errors.invalid(at.child("maxSkew"), std::to_string(one.maxSkew), "must be greater than zero");
    if (one.minDomains && *one.minDomains <= 0) errors.invalid(at.child("minDomains"), std::to_string(*one.minDomains), "must be greater than zero");
    if (one.minDomains && one.whenUnsatisfiable != "DoNotSchedule")
      errors.invalid(at.child("minDomains"), std::to_string(*one.minDomains),
                     "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not " + one.whenUnsatisfiable.str());
    check_topology_key(one.topologyKey, at.child("topologyKey"), errors);
    if (!seen.emplace(one.topologyKey, one.whenUnsatisfiable).second)
      errors.duplicate(at.child("{topologyKey, whenUnsatisfiable}"), quoted("{" + one.topologyKey.str() + ", " + one.whenUnsatisfiable.str() + "}"));
    check_label_keys(one.matchLabelKeys, {}, one.labelSelector.get(), at, errors);
    if (one.labelSelector) check_label_selector(*one.labelSelector, at.child("labelSelector"), errors);
  }
}

}  // namespace

void check_node_selector(const corev1::NodeSelector& selector, const FieldPath& path, FieldErrors& errors) {
  const FieldPath at = path.child("nodeSelectorTerms");
  if (selector.nodeSelectorTerms.empty()) errors.required(at, "must have at least one node selector term");
  for (std::size_t i = 0; i < selector.nodeSelectorTerms.size(); ++i) check_node_selector_term(selector.nodeSelectorTerms[i], at.index(i), errors);
}

void check_node_selector_term(const corev1::NodeSelectorTerm& term, const FieldPath& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < term.matchExpressions.size(); ++i)
    check_requirement(term.matchExpressions[i], path.child("matchExpressions").index(i), errors);
  for (std::size_t i = 0; i < term.matchFields.size(); ++i)
    check_field_requirement(term.matchFields[i], path.child("matchFields").index(i), errors);
}

void check_tolerations(const api::List<corev1::Toleration>& tolerations, const FieldPath& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < tolerations.size(); ++i) {
    const auto& one = tolerations[i];
    const FieldPath at = path.index(i);
    if (!one.key.empty()) check_text(api::check_qualified_name(one.key), at.child("key"), one.key, errors);
    if (one.key.empty() && one.operator_ != "Exists")
      errors.invalid(at.child("operator"), quoted(one.operator_),
                     "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
    if (one.tolerationSeconds && one.effect != "NoExecute")
      errors.invalid(at.child("effect"), quoted(one.effect), "effect must be 'NoExecute' when `tolerationSeconds` is set");
    if (one.operator_.empty() || one.operator_ == "Equal")
      check_text(api::check_label_value(one.value), at.child("operator"), one.value, errors);
    if (one.operator_ == "Exists" && !one.value.empty())
      errors.invalid(at.child("operator"), quoted(one.value), "value must be empty when `operator` is 'Exists'");
  }
}

void check_scheduling(const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  check_labels(spec.nodeSelector, path.child("nodeSelector"), errors);
  if (spec.affinity) {
    const FieldPath at = path.child("affinity");
    if (spec.affinity->nodeAffinity) check_node_affinity(*spec.affinity->nodeAffinity, at.child("nodeAffinity"), errors);
    if (spec.affinity->podAffinity) check_pod_affinity(*spec.affinity->podAffinity, at.child("podAffinity"), errors);
    if (spec.affinity->podAntiAffinity) check_pod_affinity(*spec.affinity->podAntiAffinity, at.child("podAntiAffinity"), errors);
  }
  check_spread(spec.topologySpreadConstraints, path.child("topologySpreadConstraints"), errors);
  check_tolerations(spec.tolerations, path.child("tolerations"), errors);
  std::set<std::string_view> gates;
  for (std::size_t i = 0; i < spec.schedulingGates.size(); ++i) {
    const FieldPath at = path.child("schedulingGates").index(i);
    const auto& name = spec.schedulingGates[i].name;
    check_text(api::check_qualified_name(name), at, name, errors);
    if (!gates.insert(name).second) errors.duplicate(at, quoted(name));
  }
}

}  // namespace plumb::resources
