// What controllers ask about pods.
#pragma once

#include <optional>
#include <string_view>

#include "harness/base/clock.h"
#include "reference/api/types/corev1.h"

namespace plumb::controllers {

inline bool is_terminal(const corev1::Pod& pod) { return pod.status.phase == corev1::PodSucceeded || pod.status.phase == corev1::PodFailed; }
// Counts for its owner: neither finished nor being deleted.
inline bool is_active(const corev1::Pod& pod) { return !is_terminal(pod) && !pod.metadata.deletionTimestamp; }
const corev1::PodCondition* condition(const corev1::Pod& pod, std::string_view type);
bool is_ready(const corev1::Pod& pod);
// Ready for at least min_ready_seconds.
bool is_available(const corev1::Pod& pod, std::int32_t min_ready_seconds, WallTime now);
// How long until a ready pod becomes available; nullopt when it is available already or not ready.
std::optional<Duration> available_in(const corev1::Pod& pod, std::int32_t min_ready_seconds, WallTime now);

// The node that the pod is on or, for one that is not bound yet, the one that its node affinity names; "" where there is none.
std::string_view target_node(const corev1::Pod& pod);

// A pod of a template, as upstream makes it for the owner: generateName, labels, annotations, finalizers, controller reference, spec.
std::shared_ptr<corev1::Pod> pod_from(const corev1::PodTemplateSpec& pod_template, const api::Object& owner);

}  // namespace plumb::controllers
