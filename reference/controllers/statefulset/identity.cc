#include "reference/controllers/statefulset/identity.h"

#include <algorithm>
#include <limits>

#include "harness/base/encoding.h"
#include "reference/controllers/framework/history.h"
#include "reference/controllers/framework/pods.h"

namespace plumb::controllers::statefulset {

namespace {

constexpr std::string_view pod_name_label = "statefulset.kubernetes.io/pod-name";
constexpr std::string_view pod_index_label = "apps.kubernetes.io/pod-index";

struct Parts {
  std::string_view parent;
  std::int32_t ordinal = -1;
};

Parts parts_of(std::string_view name) {
  const auto dash = name.rfind('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view digits = name.substr(dash + 1);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return {};
  const auto number = parse_int(digits);
  const bool fits = number && *number <= std::numeric_limits<std::int32_t>::max();
  return {name.substr(0, dash), fits ? static_cast<std::int32_t>(*number) : -1};
}

const corev1::Volume* volume_named(const corev1::PodSpec& spec, std::string_view name) {
  const auto found = std::find_if(spec.volumes.begin(), spec.volumes.end(), [&](const corev1::Volume& volume) { return volume.name == name; });
  return found == spec.volumes.end() ? nullptr : &*found;
}

void repair_identity(const appsv1::StatefulSet& set, corev1::Pod& pod, std::int32_t ordinal) {
  pod.metadata.name = pod_name(set, ordinal);
  pod.metadata.namespace_ = set.metadata.namespace_;
  pod.metadata.labels.set(pod_name_label, pod.metadata.name);
  pod.metadata.labels.set(pod_index_label, api::Str(std::to_string(ordinal)));
}

// The claims' volumes, then those of the pod that do not bear the name of one.
void repair_storage(const appsv1::StatefulSet& set, corev1::Pod& pod, std::int32_t ordinal) {
  corev1::PodSpec wanted;
  for (const auto& claim_template : set.spec.volumeClaimTemplates) {
    corev1::Volume& volume = wanted.volumes.emplace_back();
    volume.name = claim_template.metadata.name;
    volume.volumeSource.persistentVolumeClaim.ensure().claimName = claim_name(set, claim_template, ordinal);
  }
  for (const corev1::Volume& volume : pod.spec.volumes)
    if (!volume_named(wanted, volume.name)) wanted.volumes.push_back(volume);
  pod.spec.volumes = std::move(wanted.volumes);
}

}  // namespace

std::int32_t ordinal_of(const corev1::Pod& pod) { return parts_of(pod.metadata.name).ordinal; }
bool is_member(const appsv1::StatefulSet& set, const corev1::Pod& pod) { return parts_of(pod.metadata.name).parent == set.metadata.name.view(); }

std::int32_t replicas_of(const appsv1::StatefulSet& set) { return set.spec.replicas.value_or(1); }
std::int32_t start_of(const appsv1::StatefulSet& set) { return set.spec.ordinals ? set.spec.ordinals->start : 0; }
bool in_range(const appsv1::StatefulSet& set, std::int32_t ordinal) {
  return ordinal >= start_of(set) && ordinal - start_of(set) < replicas_of(set);
}
std::string pod_name(const appsv1::StatefulSet& set, std::int32_t ordinal) { return set.metadata.name.str() + "-" + std::to_string(ordinal); }
std::string claim_name(const appsv1::StatefulSet& set, const corev1::PersistentVolumeClaim& claim_template, std::int32_t ordinal) {
  return claim_template.metadata.name.str() + "-" + pod_name(set, ordinal);
}

std::vector<std::shared_ptr<corev1::PersistentVolumeClaim>> claims_for(const appsv1::StatefulSet& set, std::int32_t ordinal) {
  std::vector<std::shared_ptr<corev1::PersistentVolumeClaim>> claims;
  for (const auto& claim_template : set.spec.volumeClaimTemplates) {
    auto claim = std::make_shared<corev1::PersistentVolumeClaim>(claim_template);
    claim->metadata.name = claim_name(set, claim_template, ordinal);
    claim->metadata.namespace_ = set.metadata.namespace_;
    if (set.spec.selector)
      for (const auto& [key, value] : set.spec.selector->matchLabels) claim->metadata.labels.set(key, value);
    claims.push_back(std::move(claim));
  }
  return claims;
}

std::shared_ptr<corev1::Pod> new_pod(const appsv1::StatefulSet& set, const corev1::PodTemplateSpec& pod_template, std::int32_t ordinal,
                                     std::string_view revision) {
  auto pod = pod_from(pod_template, set);
  repair_identity(set, *pod, ordinal);
  pod->spec.hostname = pod->metadata.name;
  pod->spec.subdomain = set.spec.serviceName;
  repair_storage(set, *pod, ordinal);
  pod->metadata.labels.set(revision_hash_label, api::Str(revision));
  return pod;
}

std::string_view revision_of(const corev1::Pod& pod) {
  const api::Str* found = pod.metadata.labels.find(revision_hash_label);
  return found ? found->view() : std::string_view();
}

bool identity_matches(const appsv1::StatefulSet& set, const corev1::Pod& pod) {
  const Parts parts = parts_of(pod.metadata.name);
  const api::Str* label = pod.metadata.labels.find(pod_name_label);
  return parts.ordinal >= 0 && parts.parent == set.metadata.name.view() && pod.metadata.name == pod_name(set, parts.ordinal) && label &&
         *label == pod.metadata.name;
}

bool storage_matches(const appsv1::StatefulSet& set, const corev1::Pod& pod) {
  const std::int32_t ordinal = ordinal_of(pod);
  return std::all_of(set.spec.volumeClaimTemplates.begin(), set.spec.volumeClaimTemplates.end(), [&](const auto& claim_template) {
    const corev1::Volume* volume = volume_named(pod.spec, claim_template.metadata.name);
    return volume && volume->volumeSource.persistentVolumeClaim && volume->volumeSource.persistentVolumeClaim->claimName == claim_name(set, claim_template, ordinal);
  });
}

void repair(const appsv1::StatefulSet& set, corev1::Pod& pod) {
  const std::int32_t ordinal = ordinal_of(pod);
  if (!identity_matches(set, pod)) repair_identity(set, pod, ordinal);
  if (!storage_matches(set, pod)) repair_storage(set, pod, ordinal);
}

}  // namespace plumb::controllers::statefulset
