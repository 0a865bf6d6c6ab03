// Pods that are alike to the scheduler: replicas of one workload, as a rule.
#pragma once

#include <string>

#include "reference/scheduler/pod_info.h"

namespace plumb::scheduler {

// Equal for pods about which no plugin's helps() may answer differently: all of a pod that may be looked at there. What only its containers
// need to run is left out, and so are volumes that are made for each pod on its node, whose names differ.
std::string likeness(const PodInfo& pod);

}  // namespace plumb::scheduler
