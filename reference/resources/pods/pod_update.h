// What an update may change of a pod.
#pragma once

#include "reference/api/types/corev1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

// Through the pod itself: images, a shorter deadline, more tolerations, fewer scheduling gates, a grace period that was negative.
void check_pod_update(const corev1::Pod& next, const corev1::Pod& previous, FieldErrors& errors);
// Through the status: containers that have ended for good stay ended.
void check_pod_status_update(const corev1::Pod& next, const corev1::Pod& previous, FieldErrors& errors);

}  // namespace plumb::resources
