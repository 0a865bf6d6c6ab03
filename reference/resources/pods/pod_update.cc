#include "reference/resources/pods/pod_update.h"

#include <algorithm>

#include "reference/api/walk.h"
#include "reference/resources/shared/checks.h"

namespace plumb::resources {
namespace {

void check_deadline(const corev1::PodSpec& next, const corev1::PodSpec& previous, FieldErrors& errors) {
  const FieldPath path = spec_path.child("activeDeadlineSeconds");
  const auto &now = next.activeDeadlineSeconds, &before = previous.activeDeadlineSeconds;
  if (now && before && *before < *now) errors.invalid(path, std::to_string(*now), "must be less than or equal to previous value");
  if (!now && before) errors.invalid(path, "null", "must not update from a positive integer to nil value");
}

// All earlier tolerations stay; of one that stays, only the seconds may differ.
void check_tolerations_kept(const corev1::PodSpec& next, const corev1::PodSpec& previous, FieldErrors& errors) {
  const bool kept = std::all_of(previous.tolerations.begin(), previous.tolerations.end(), [&](const corev1::Toleration& old) {
    return std::any_of(next.tolerations.begin(), next.tolerations.end(), [&](corev1::Toleration one) {
      one.tolerationSeconds = old.tolerationSeconds;
      return one == old;
    });
  });
  if (!kept) errors.forbidden(spec_path.child("tolerations"), "existing toleration can not be modified except its tolerationSeconds");
}

bool was_gated(const corev1::PodSpec& spec) { return !spec.schedulingGates.empty(); }

void check_gates_only_removed(const corev1::PodSpec& next, const corev1::PodSpec& previous, FieldErrors& errors) {
  for (const auto& gate : next.schedulingGates) {
    const bool known = std::any_of(previous.schedulingGates.begin(), previous.schedulingGates.end(), [&](const auto& old) { return old == gate; });
    if (!known) errors.forbidden(spec_path.child("schedulingGates"), "only deletion is allowed, but found new scheduling gate '" + gate.name.str() + "'");
  }
}

// The new spec with all that may change set back to what it was.
corev1::PodSpec without_allowed_changes(const corev1::PodSpec& next, const corev1::PodSpec& previous) {
  corev1::PodSpec spec = next;
  for (std::size_t i = 0; i < spec.containers.size(); ++i) spec.containers[i].image = previous.containers[i].image;
  for (std::size_t i = 0; i < spec.initContainers.size(); ++i) spec.initContainers[i].image = previous.initContainers[i].image;
  spec.activeDeadlineSeconds = previous.activeDeadlineSeconds;
  spec.tolerations = previous.tolerations;
  spec.schedulingGates = previous.schedulingGates;
  const auto& grace = previous.terminationGracePeriodSeconds;
  if (grace && *grace < 0 && next.terminationGracePeriodSeconds == api::Opt<std::int64_t>(1)) spec.terminationGracePeriodSeconds = grace;
  // A gated pod is not scheduled yet: where it may go can still be narrowed.
  if (was_gated(previous)) {
    spec.nodeSelector = previous.nodeSelector;
    spec.affinity = previous.affinity;
  }
  return spec;
}

void check_selector_narrowed(const corev1::PodSpec& next, const corev1::PodSpec& previous, FieldErrors& errors) {
  if (!was_gated(previous)) return;
  const bool narrowed = std::all_of(previous.nodeSelector.begin(), previous.nodeSelector.end(), [&](const auto& entry) {
    const api::Str* value = next.nodeSelector.find(entry.key);
    return value && *value == entry.value;
  });
  if (!narrowed) errors.invalid(spec_path.child("nodeSelector"), "null", "only additions are allowed, no mutations or deletions");
}

void check_transitions(const api::List<corev1::ContainerStatus>& next, const api::List<corev1::ContainerStatus>& previous, std::string_view policy,
                       const FieldPath& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < previous.size(); ++i) {
    const auto& ended = previous[i].state.terminated;
    if (!ended || (ended->exitCode != 0 && policy == "OnFailure")) continue;
    for (const auto& status : next)
      if (status.name == previous[i].name && !status.state.terminated)
        errors.forbidden(path.index(i).child("state"), "may not be transitioned to non-terminated state");
  }
}

}  // namespace

void check_pod_update(const corev1::Pod& next, const corev1::Pod& previous, FieldErrors& errors) {
  constexpr std::string_view fixed_containers = "pod updates may not add or remove containers";
  if (next.spec.containers.size() != previous.spec.containers.size()) return errors.forbidden(spec_path.child("containers"), fixed_containers);
  if (next.spec.initContainers.size() != previous.spec.initContainers.size())
    return errors.forbidden(spec_path.child("initContainers"), fixed_containers);
  check_deadline(next.spec, previous.spec, errors);
  check_gates_only_removed(next.spec, previous.spec, errors);
  check_selector_narrowed(next.spec, previous.spec, errors);
  check_tolerations_kept(next.spec, previous.spec, errors);
  const corev1::PodSpec rest = without_allowed_changes(next.spec, previous.spec);
  if (!api::semantically_equal(corev1::PodSpec::info(), &rest, &previous.spec))
    errors.forbidden(spec_path,
                     "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
                     "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
                     "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)");
}

void check_pod_status_update(const corev1::Pod& next, const corev1::Pod& previous, FieldErrors& errors) {
  const FieldPath path("status");
  const std::string_view policy = previous.spec.restartPolicy;
  if (next.status.nominatedNodeName != previous.status.nominatedNodeName && !next.status.nominatedNodeName.empty())
    check_text(api::check_dns1123_subdomain(next.status.nominatedNodeName), path.child("nominatedNodeName"), next.status.nominatedNodeName, errors);
  if (policy != "Always")
    check_transitions(next.status.containerStatuses, previous.status.containerStatuses, policy, path.child("containerStatuses"), errors);
  for (std::size_t i = 0; i < next.status.podIPs.size(); ++i)
    check_text(api::check_ip(next.status.podIPs[i].ip), path.child("podIPs").index(i), next.status.podIPs[i].ip, errors);
}

}  // namespace plumb::resources
