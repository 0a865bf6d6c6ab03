// What a pod asks for in all: its containers together or its init containers in turn, whichever is more, sidecars with both; what is asked
// for the pod as a whole goes before that of its containers. Upstream's PodRequests and PodLimits.
#pragma once

#include "reference/api/types/corev1.h"
#include "reference/resources/shared/amounts.h"

namespace plumb::resources {

enum class PodAmounts {
  of_spec,   // the specification alone
  in_use,    // with the overhead, and no less than the node has granted while a resize is under way
};
Amounts pod_requests(const corev1::Pod& pod, PodAmounts which);
Amounts pod_limits(const corev1::Pod& pod, PodAmounts which);

inline bool is_sidecar(const corev1::Container& container) {
  return container.restartPolicy && *container.restartPolicy == corev1::ContainerRestartPolicyAlways;
}

}  // namespace plumb::resources
