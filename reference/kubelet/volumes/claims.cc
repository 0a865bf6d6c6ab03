#include "reference/kubelet/volumes/claims.h"

#include <algorithm>

#include "reference/resources/persistentvolumeclaims/pod_claims.h"
#include "reference/scheduler/storage.h"

namespace plumb::kubelet {
namespace {

Result<std::shared_ptr<const corev1::PersistentVolumeClaim>> bound_claim(const corev1::Pod& pod, std::string_view name, ReferencedObjects& objects) {
  auto claim = objects.claim(pod.metadata.namespace_, name);
  if (!claim.ok()) return Error(claim.error()).in("failed to fetch PVC from API server");
  if (!*claim) return fail(Code::not_found, "failed to fetch PVC from API server: persistentvolumeclaims \"" + std::string(name) + "\" not found");
  if ((*claim)->metadata.deletionTimestamp && pod.status.phase != "Running") return fail(Code::conflict, "PVC is being deleted");
  if ((*claim)->status.phase != "Bound") return fail(Code::unavailable, "PVC is not bound");
  if ((*claim)->spec.volumeName.empty()) return fail(Code::unavailable, "PVC has empty pvc.Spec.VolumeName");
  return claim;
}

Result<std::shared_ptr<const corev1::PersistentVolume>> persistent_volume_of(const corev1::PersistentVolumeClaim& claim, ReferencedObjects& objects) {
  const std::string name = claim.spec.volumeName.str();
  auto volume = objects.persistent_volume(name);
  if (!volume.ok()) return Error(volume.error()).in("failed to fetch PV " + name + " from API server");
  if (!*volume) return fail(Code::not_found, "failed to fetch PV " + name + " from API server: persistentvolumes \"" + name + "\" not found");
  const auto& reference = (*volume)->spec.claimRef;
  if (!reference) return fail(Code::unavailable, "found PV object " + name + " but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim");
  if (reference->uid != claim.metadata.uid)
    return fail(Code::conflict, "found PV object " + name + " but its pv.Spec.ClaimRef.UID " + reference->uid.str() + " does not point to claim.UID " +
                                    claim.metadata.uid.str());
  return volume;
}

template <class Visit>
void visit_containers(const corev1::Pod& pod, const Visit& visit) {
  for (const auto* list : {&pod.spec.initContainers, &pod.spec.containers})
    for (const auto& container : *list) visit(container);
}

}  // namespace

Result<VolumeSpec> resolve(const corev1::Pod& pod, const corev1::Volume& volume, ReferencedObjects& objects) {
  VolumeSpec spec{volume};
  for (const auto& entry : resources::claims_of(pod)) {
    if (entry.volume != &volume) continue;
    const std::string context = "error processing PVC " + pod.metadata.namespace_.str() + "/" + entry.name;
    auto claim = bound_claim(pod, entry.name, objects);
    if (!claim.ok()) return Error(claim.error()).in(context);
    if (entry.is_ephemeral && !resources::is_made_for(**claim, pod))
      return fail(Code::conflict, "PVC " + pod.metadata.namespace_.str() + "/" + entry.name + " was not created for pod " + pod.metadata.namespace_.str() + "/" +
                                      pod.metadata.name.str() + " (pod is not owner)");
    auto persistent = persistent_volume_of(**claim, objects);
    if (!persistent.ok()) return Error(persistent.error()).in(context);
    spec.claim = std::move(*claim);
    spec.persistent = std::move(*persistent);
  }
  return spec;
}

Status check_mode(const corev1::Pod& pod, const VolumeSpec& spec) {
  bool mounted = false, as_device = false;
  visit_containers(pod, [&](const corev1::Container& container) {
    for (const auto& mount : container.volumeMounts) mounted |= mount.name == spec.volume.name;
    for (const auto& device : container.volumeDevices) as_device |= device.name == spec.volume.name;
  });
  const std::string name = spec.volume.name.str();
  if (mounted && spec.is_block()) return fail(Code::invalid_argument, "volume " + name + " has volumeMode Block, but is specified in volumeMounts");
  if (as_device && !spec.is_block()) return fail(Code::invalid_argument, "volume " + name + " has volumeMode Filesystem, but is specified in volumeDevices");
  return {};
}

Status check_node(const corev1::Pod& pod, const VolumeSpec& spec, ReferencedObjects& objects) {
  if (!spec.persistent || !spec.persistent->spec.nodeAffinity) return {};
  const auto node = PLUMB_TRY(objects.node(pod.spec.nodeName));
  if (!node) return fail(Code::not_found, "node \"" + pod.spec.nodeName.str() + "\" not found");
  return scheduler::is_reachable(*spec.persistent, *node) ? Status() : Status(fail(Code::invalid_argument, "no matching NodeSelectorTerms"));
}

}  // namespace plumb::kubelet
