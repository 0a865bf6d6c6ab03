// The claims that a pod uses.
#pragma once

#include <string>
#include <vector>

#include "reference/api/types/corev1.h"

namespace plumb::resources {

// Of a volume that is made for the pod alone.
inline std::string ephemeral_claim_name(const corev1::Pod& pod, const corev1::Volume& volume) {
  return pod.metadata.name.str() + "-" + volume.name.str();
}

struct PodClaim {
  std::string name;  // in the pod's namespace
  const corev1::Volume* volume;
  bool is_ephemeral;  // made for the pod, and owned by it
};
// In the order of the pod's volumes.
inline std::vector<PodClaim> claims_of(const corev1::Pod& pod) {
  std::vector<PodClaim> claims;
  for (const corev1::Volume& volume : pod.spec.volumes) {
    if (volume.volumeSource.persistentVolumeClaim)
      claims.push_back({volume.volumeSource.persistentVolumeClaim->claimName.str(), &volume, false});
    else if (volume.volumeSource.ephemeral)
      claims.push_back({ephemeral_claim_name(pod, volume), &volume, true});
  }
  return claims;
}

// The claim is the pod's own: it has not been there before, under the same name.
inline bool is_made_for(const corev1::PersistentVolumeClaim& claim, const corev1::Pod& pod) {
  for (const metav1::OwnerReference& owner : claim.metadata.ownerReferences)
    if (owner.controller.value_or(false)) return owner.uid == pod.metadata.uid;
  return false;
}

}  // namespace plumb::resources
