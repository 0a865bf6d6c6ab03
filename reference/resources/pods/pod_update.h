// What an update may change of a pod.
#pragma once

#include "reference/api/types/corev1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

// Through the pod itself: images, a shorter deadline, more tolerations, fewer scheduling gates, a grace period that was negative.
void check_pod_update(const corev1::Pod& next, const corev1::Pod& previous, FieldErrors& errors);
// Through the status: containers that have ended for good stay ended.
void check_pod_status_update(const corev1::Pod& next, const corev1::Pod& previous, FieldErrors& errors);


// Through ephemeralcontainers and resize: everything else is put back to what it was.
void keep_all_but_ephemeral_containers(corev1::Pod& next, const corev1::Pod& previous);
void keep_all_but_resources(corev1::Pod& next, const corev1::Pod& previous);
// Ephemeral containers are only added.
void check_ephemeral_containers_update(const corev1::Pod& next, const corev1::Pod& previous, FieldErrors& errors);
// Only CPU and memory change, and the pod keeps its class of service.
void check_resize(const corev1::Pod& next, const corev1::Pod& previous, FieldErrors& errors);

}  // namespace plumb::resources
