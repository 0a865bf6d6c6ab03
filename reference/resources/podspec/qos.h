// The quality-of-service class of a pod: Guaranteed, Burstable or BestEffort.
#pragma once

#include <string_view>

#include "reference/api/types/corev1.h"

namespace plumb::resources {

// From the requests and limits for cpu and memory alone: those of the pod where it has its own, else those of its containers.
std::string_view compute_qos(const corev1::PodSpec& spec);

}  // namespace plumb::resources
