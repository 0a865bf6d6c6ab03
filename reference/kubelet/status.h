// status of a pod, from what the kubelet knows of it: phase, conditions, container statuses, addresses, as upstream reports them.
#pragma once

#include <string>

#include "reference/kubelet/pod_state.h"

namespace plumb::kubelet {

struct NodeAddresses {
  std::string host_ip;
};

// `before` is the status last reported: transition times, conditions of others and a final phase are kept from it.
corev1::PodStatus make_status(const PodState& state, const corev1::PodStatus& before, const NodeAddresses& node, Instant now, WallTime wall);

// Guaranteed, Burstable or BestEffort.
std::string_view qos_class(const corev1::Pod& pod);

inline bool is_terminal(std::string_view phase) { return phase == "Succeeded" || phase == "Failed"; }

// "name_namespace(uid)", as messages and events name a pod.
std::string pod_in_messages(const corev1::Pod& pod);
// "10s", "2m40s": durations in messages, as Go writes them.
std::string back_off_message(const corev1::Pod& pod, const ContainerSlot& slot);

}  // namespace plumb::kubelet
