// What one LimitRange says of a pod or a claim, in upstream's words.
#pragma once

#include <string>
#include <vector>

#include "reference/api/types/corev1.h"

namespace plumb::apiserver::limits {

// Gives containers what they do not ask for, and notes it in the pod's annotations.
void set_defaults(const corev1::LimitRange& range, corev1::Pod& pod);

// Everything that is against the limits.
std::vector<std::string> violations(const corev1::LimitRange& range, const corev1::Pod& pod);
std::vector<std::string> violations(const corev1::LimitRange& range, const corev1::PersistentVolumeClaim& claim);

}  // namespace plumb::apiserver::limits
