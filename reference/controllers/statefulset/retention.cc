#include "reference/controllers/statefulset/retention.h"

#include <algorithm>

#include "reference/controllers/framework/ownership.h"

namespace plumb::controllers::statefulset {

namespace {

using Claim = corev1::PersistentVolumeClaim;
using appsv1::StatefulSet;

bool deletes(const api::Str& policy) { return policy == appsv1::DeletePersistentVolumeClaimRetentionPolicyType; }
bool deletes_when_scaled(const StatefulSet& set) {
  const auto& policy = set.spec.persistentVolumeClaimRetentionPolicy;
  return policy && deletes(policy->whenScaled);
}
bool deletes_when_deleted(const StatefulSet& set) {
  const auto& policy = set.spec.persistentVolumeClaimRetentionPolicy;
  return policy && deletes(policy->whenDeleted);
}
bool set_should_own(const StatefulSet& set, const PodIdentity& pod) {
  return deletes_when_deleted(set) && !(deletes_when_scaled(set) && pod.beyond_replicas);
}
bool pod_should_own(const StatefulSet& set, const PodIdentity& pod) { return deletes_when_scaled(set) && pod.beyond_replicas; }

bool names(const metav1::OwnerReference& reference, const api::TypeInfo& type, std::string_view name) {
  return reference.apiVersion == api::api_version(type) && reference.kind == type.name && reference.name == name;
}
bool names_set(const metav1::OwnerReference& reference, const StatefulSet& set) {
  return names(reference, StatefulSet::info(), set.metadata.name);
}
bool names_pod(const metav1::OwnerReference& reference, const PodIdentity& pod) { return names(reference, corev1::Pod::info(), pod.name); }

template <class Test>
bool any(const Claim& claim, Test test) {
  return std::any_of(claim.metadata.ownerReferences.begin(), claim.metadata.ownerReferences.end(), test);
}
bool owned_by(const Claim& claim, std::string_view uid) {
  return !uid.empty() && any(claim, [&](const auto& reference) { return reference.uid == uid; });
}
bool owned_by_former(const Claim& claim, const StatefulSet& set, const PodIdentity& pod) {
  return any(claim, [&](const auto& reference) {
    return (names_set(reference, set) && reference.uid != set.metadata.uid) || (names_pod(reference, pod) && reference.uid != std::string_view(pod.uid));
  });
}
bool owned_by_stranger(const Claim& claim, const StatefulSet& set, const PodIdentity& pod) {
  if (!deletes_when_scaled(set) && !deletes_when_deleted(set)) return false;
  return any(claim, [&](const auto& reference) {
    return !names_set(reference, set) && !names_pod(reference, pod) && reference.controller && *reference.controller;
  });
}
bool owned_without_control(const Claim& claim, const StatefulSet& set, const PodIdentity& pod) {
  return any(claim, [&](const auto& reference) {
    const bool ours = reference.uid == set.metadata.uid || (!pod.uid.empty() && reference.uid == std::string_view(pod.uid));
    return ours && !reference.controller.value_or(false);
  });
}

metav1::OwnerReference pod_reference(const PodIdentity& pod) {
  corev1::Pod owner;
  owner.metadata.name = pod.name;
  owner.metadata.uid = pod.uid;
  return controller_reference(owner);
}

}  // namespace

bool owners_match(const Claim& claim, const StatefulSet& set, const PodIdentity& pod) {
  if (owned_by_former(claim, set, pod)) return true;
  const bool of_set = owned_by(claim, set.metadata.uid), of_pod = owned_by(claim, pod.uid);
  if (owned_by_stranger(claim, set, pod)) return !of_set && !of_pod;
  if (owned_without_control(claim, set, pod)) return false;
  return of_set == set_should_own(set, pod) && of_pod == pod_should_own(set, pod);
}

void set_owners(Claim& claim, const StatefulSet& set, const PodIdentity& pod) {
  const bool stranger = owned_by_stranger(claim, set, pod);
  auto& references = claim.metadata.ownerReferences;
  references.erase_if([&](const metav1::OwnerReference& reference) { return names_set(reference, set) || names_pod(reference, pod); });
  if (stranger) return;
  if (set_should_own(set, pod)) references.push_back(controller_reference(set));
  if (pod_should_own(set, pod)) references.push_back(pod_reference(pod));
}

bool is_stale(const Claim& claim, const StatefulSet& set, const PodIdentity& pod) {
  return deletes_when_scaled(set) &&
         any(claim, [&](const auto& reference) { return names_pod(reference, pod) && reference.uid != std::string_view(pod.uid); });
}

}  // namespace plumb::controllers::statefulset
