// The defaults of pods' parts, wherever a pod spec or a part of one stands.
#include "reference/api/types/corev1.h"
#include "reference/resources/podspec/image.h"
#include "reference/resources/shared/type_defaults.h"

namespace plumb::resources {
namespace {

constexpr std::int32_t file_mode = 0644;

template <class C>
void set_container(C& container) {
  if (container.imagePullPolicy.empty()) container.imagePullPolicy = default_pull_policy(container.image);
  if (container.terminationMessagePath.empty()) container.terminationMessagePath = "/dev/termination-log";
  if (container.terminationMessagePolicy.empty()) container.terminationMessagePolicy = "File";
}

const TypeDefault<corev1::PodSpec> pod_spec{[](corev1::PodSpec& spec) {
  if (spec.dnsPolicy.empty()) spec.dnsPolicy = "ClusterFirst";
  if (spec.restartPolicy.empty()) spec.restartPolicy = "Always";
  spec.securityContext.ensure();
  if (!spec.terminationGracePeriodSeconds) spec.terminationGracePeriodSeconds = 30;
  if (spec.schedulerName.empty()) spec.schedulerName = "default-scheduler";
  // The older name of the field mirrors the newer one; it counts only where the newer one is empty.
  if (spec.serviceAccountName.empty()) spec.serviceAccountName = spec.serviceAccount;
  spec.serviceAccount = spec.serviceAccountName;
}};

const TypeDefault<corev1::Container> container{[](corev1::Container& container) { set_container(container); }};
const TypeDefault<corev1::EphemeralContainer> ephemeral{[](corev1::EphemeralContainer& container) { set_container(container.ephemeralContainerCommon); }};

const TypeDefault<corev1::Probe> probe{[](corev1::Probe& probe) {
  if (!probe.timeoutSeconds) probe.timeoutSeconds = 1;
  if (!probe.periodSeconds) probe.periodSeconds = 10;
  if (!probe.successThreshold) probe.successThreshold = 1;
  if (!probe.failureThreshold) probe.failureThreshold = 3;
}};

const TypeDefault<corev1::HTTPGetAction> http_get{[](corev1::HTTPGetAction& action) {
  if (action.path.empty()) action.path = "/";
  if (action.scheme.empty()) action.scheme = "HTTP";
}};

const TypeDefault<corev1::ObjectFieldSelector> field_ref{[](corev1::ObjectFieldSelector& selector) {
  if (selector.apiVersion.empty()) selector.apiVersion = "v1";
}};

const TypeDefault<corev1::ResourceFieldSelector> resource_ref{[](corev1::ResourceFieldSelector& selector) {
  if (!selector.divisor) selector.divisor = "0";
}};

bool has_source(const corev1::Volume& volume) {
  const corev1::VolumeSource none;
  return !(volume.volumeSource == none);
}

const TypeDefault<corev1::Volume> volume{[](corev1::Volume& volume) {
  if (!has_source(volume)) volume.volumeSource.emptyDir.ensure();
  if (auto& image = volume.volumeSource.image; image && image->pullPolicy.empty()) image->pullPolicy = default_pull_policy(image->reference);
}};

template <class Source>
void set_mode(Source& source) {
  if (!source.defaultMode) source.defaultMode = file_mode;
}
const TypeDefault<corev1::SecretVolumeSource> secret{[](corev1::SecretVolumeSource& source) { set_mode(source); }};
const TypeDefault<corev1::ConfigMapVolumeSource> config_map{[](corev1::ConfigMapVolumeSource& source) { set_mode(source); }};
const TypeDefault<corev1::DownwardAPIVolumeSource> downward{[](corev1::DownwardAPIVolumeSource& source) { set_mode(source); }};
const TypeDefault<corev1::ProjectedVolumeSource> projected{[](corev1::ProjectedVolumeSource& source) { set_mode(source); }};

const TypeDefault<corev1::ServiceAccountTokenProjection> token{[](corev1::ServiceAccountTokenProjection& source) {
  if (!source.expirationSeconds) source.expirationSeconds = 3600;
}};
const TypeDefault<corev1::HostPathVolumeSource> host_path{[](corev1::HostPathVolumeSource& source) {
  if (!source.type) source.type = "";
}};
const TypeDefault<corev1::AzureDiskVolumeSource> azure_disk{[](corev1::AzureDiskVolumeSource& source) {
  if (!source.cachingMode) source.cachingMode = "ReadWrite";
  if (!source.kind) source.kind = "Shared";
}};
const TypeDefault<corev1::PersistentVolumeClaimSpec> claim{[](corev1::PersistentVolumeClaimSpec& spec) {
  if (!spec.volumeMode) spec.volumeMode = "Filesystem";
}};

}  // namespace
}  // namespace plumb::resources
