// Where a pod's volumes may come from.
#include "reference/apiserver/admission/pod_security/check.h"

namespace plumb::apiserver::pod_security {
namespace {

// Empty: a kind that every pod may use.
std::string_view restricted_kind(const corev1::VolumeSource& source) {
  if (source.configMap || source.csi || source.downwardAPI || source.emptyDir || source.ephemeral || source.image || source.persistentVolumeClaim ||
      source.projected || source.secret)
    return {};
  const std::pair<bool, std::string_view> kinds[] = {
      {source.hostPath.has_value(), "hostPath"},
      {source.gcePersistentDisk.has_value(), "gcePersistentDisk"},
      {source.awsElasticBlockStore.has_value(), "awsElasticBlockStore"},
      {source.gitRepo.has_value(), "gitRepo"},
      {source.nfs.has_value(), "nfs"},
      {source.iscsi.has_value(), "iscsi"},
      {source.glusterfs.has_value(), "glusterfs"},
      {source.rbd.has_value(), "rbd"},
      {source.flexVolume.has_value(), "flexVolume"},
      {source.cinder.has_value(), "cinder"},
      {source.cephfs.has_value(), "cephfs"},
      {source.flocker.has_value(), "flocker"},
      {source.fc.has_value(), "fc"},
      {source.azureFile.has_value(), "azureFile"},
      {source.vsphereVolume.has_value(), "vsphereVolume"},
      {source.quobyte.has_value(), "quobyte"},
      {source.azureDisk.has_value(), "azureDisk"},
      {source.photonPersistentDisk.has_value(), "photonPersistentDisk"},
      {source.portworxVolume.has_value(), "portworxVolume"},
      {source.scaleIO.has_value(), "scaleIO"},
      {source.storageos.has_value(), "storageos"},
  };
  for (const auto& [is, kind] : kinds)
    if (is) return kind;
  return "unknown";
}

std::string named(const std::vector<std::string>& volumes) {
  std::string text = volumes.size() == 1 ? "volume" : "volumes";
  for (std::size_t i = 0; i < volumes.size(); ++i) text += (i ? ", \"" : " \"") + volumes[i] + "\"";
  return text;
}

std::optional<Finding> host_paths(const PodView& pod) {
  std::vector<std::string> volumes;
  for (const corev1::Volume& each : pod.spec.volumes)
    if (each.volumeSource.hostPath) volumes.push_back(each.name.str());
  if (volumes.empty()) return std::nullopt;
  return Finding{"hostPath volumes", named(volumes)};
}

std::optional<Finding> restricted_kinds(const PodView& pod) {
  std::vector<std::string> volumes;
  Texts kinds;
  for (const corev1::Volume& each : pod.spec.volumes) {
    const std::string_view kind = restricted_kind(each.volumeSource);
    if (kind.empty()) continue;
    volumes.push_back(each.name.str());
    kinds.emplace(kind);
  }
  if (volumes.empty()) return std::nullopt;
  return Finding{"restricted volume types", named(volumes) + (volumes.size() == 1 ? " uses " : " use ") +
                                                (kinds.size() == 1 ? "restricted volume type " : "restricted volume types ") + quoted(kinds)};
}

const Registered<Check> at_baseline{"hostPathVolumes", [] { return baseline({{0, host_paths}}); }};
const Registered<Check> when_restricted{"restrictedVolumes", [] { return restricted({{0, restricted_kinds}}, "hostPathVolumes"); }};

}  // namespace
}  // namespace plumb::apiserver::pod_security
