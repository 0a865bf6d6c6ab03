#include "reference/apiserver/authorization/pod_references.h"

namespace plumb::apiserver {
namespace {

using Visit = std::function<bool(Referenced, std::string_view)>;

bool in_environment(const api::List<corev1::EnvVar>& env, const api::List<corev1::EnvFromSource>& env_from, const Visit& visit) {
  for (const corev1::EnvFromSource& from : env_from) {
    if (from.secretRef && visit(Referenced::secret, from.secretRef->localObjectReference.name)) return true;
    if (from.configMapRef && visit(Referenced::config_map, from.configMapRef->localObjectReference.name)) return true;
  }
  for (const corev1::EnvVar& variable : env) {
    if (!variable.valueFrom) continue;
    const corev1::EnvVarSource& source = *variable.valueFrom;
    if (source.secretKeyRef && visit(Referenced::secret, source.secretKeyRef->localObjectReference.name)) return true;
    if (source.configMapKeyRef && visit(Referenced::config_map, source.configMapKeyRef->localObjectReference.name)) return true;
  }
  return false;
}

bool in_projection(const corev1::ProjectedVolumeSource& projected, const Visit& visit) {
  for (const corev1::VolumeProjection& source : projected.sources) {
    if (source.secret && visit(Referenced::secret, source.secret->localObjectReference.name)) return true;
    if (source.configMap && visit(Referenced::config_map, source.configMap->localObjectReference.name)) return true;
  }
  return false;
}

template <class Source>
bool in_secret_ref(const Source& source, const Visit& visit) {
  return source && source->secretRef && visit(Referenced::secret, source->secretRef->name);
}

bool in_volume(const corev1::Pod& pod, const corev1::Volume& volume, const Visit& visit) {
  const corev1::VolumeSource& source = volume.volumeSource;
  if (source.secret && visit(Referenced::secret, source.secret->secretName)) return true;
  if (source.configMap && visit(Referenced::config_map, source.configMap->localObjectReference.name)) return true;
  if (source.projected && in_projection(*source.projected, visit)) return true;
  if (source.persistentVolumeClaim && visit(Referenced::claim, source.persistentVolumeClaim->claimName)) return true;
  // An ephemeral volume has a claim of its own, named after pod and volume.
  if (source.ephemeral && visit(Referenced::claim, pod.metadata.name.str() + "-" + volume.name.str())) return true;
  if (source.azureFile && visit(Referenced::secret, source.azureFile->secretName)) return true;
  if (source.csi && source.csi->nodePublishSecretRef && visit(Referenced::secret, source.csi->nodePublishSecretRef->name)) return true;
  return in_secret_ref(source.rbd, visit) || in_secret_ref(source.iscsi, visit) || in_secret_ref(source.cinder, visit) || in_secret_ref(source.cephfs, visit) ||
         in_secret_ref(source.flexVolume, visit) || in_secret_ref(source.scaleIO, visit) || in_secret_ref(source.storageos, visit);
}

}  // namespace

bool any_reference(const corev1::Pod& pod, const Visit& visit) {
  const corev1::PodSpec& spec = pod.spec;
  if (!spec.serviceAccountName.empty() && visit(Referenced::service_account, spec.serviceAccountName)) return true;
  for (const corev1::LocalObjectReference& pull : spec.imagePullSecrets)
    if (visit(Referenced::secret, pull.name)) return true;
  for (const corev1::Volume& volume : spec.volumes)
    if (in_volume(pod, volume, visit)) return true;
  for (const auto* containers : {&spec.containers, &spec.initContainers})
    for (const corev1::Container& container : *containers)
      if (in_environment(container.env, container.envFrom, visit)) return true;
  for (const corev1::EphemeralContainer& container : spec.ephemeralContainers)
    if (in_environment(container.ephemeralContainerCommon.env, container.ephemeralContainerCommon.envFrom, visit)) return true;
  return false;
}

}  // namespace plumb::apiserver
