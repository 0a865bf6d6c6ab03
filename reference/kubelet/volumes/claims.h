// From a pod's volume to the persistent volume behind its claim.
#pragma once

#include "reference/kubelet/volumes/plugin.h"

namespace plumb::kubelet {

// The volume as plugins get it: with claim and persistent volume where it has a claim. An error says, in upstream's words, why the claim cannot be
// used: it is not bound, it is going, its volume is another's, it is another pod's. A pod that runs already keeps a claim that is going.
Result<VolumeSpec> resolve(const corev1::Pod& pod, const corev1::Volume& volume, ReferencedObjects& objects);

// Whether the pod's containers use it as what it is, folder or device.
Status check_mode(const corev1::Pod& pod, const VolumeSpec& spec);
// Whether the persistent volume may be used on the pod's node.
Status check_node(const corev1::Pod& pod, const VolumeSpec& spec, ReferencedObjects& objects);

}  // namespace plumb::kubelet
