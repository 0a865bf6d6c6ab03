// Whether a node takes a pod: the kubelet's own last check, as pods may come past the scheduler.
#pragma once

#include <vector>

#include "reference/kubelet/pod_state.h"

namespace plumb::kubelet {

struct NodeRoom {
  std::int64_t milli_cpu = 0, memory_bytes = 0, storage_bytes = 0, pods = 110;
};

// The error's reason is upstream's: "OutOfcpu", "OutOfmemory", "OutOfpods", "NodeAffinity". With `node`, the Node as the API has it, its labels
// count instead of `node_labels`, and its extended resources are there to be had.
Status admit_to_node(const corev1::Pod& pod, const std::vector<PodPtr>& others, const NodeRoom& room, const api::Map<api::Str>& node_labels,
                     const corev1::Node* node = nullptr);

}  // namespace plumb::kubelet
