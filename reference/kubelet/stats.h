// /stats/summary: what pods use, from the runtime's numbers.
#pragma once

#include <string>
#include <vector>

#include "reference/kubelet/pod_state.h"

namespace plumb::kubelet {

std::string stats_summary(const std::string& node, const std::vector<PodPtr>& pods, const std::vector<cri::ContainerStats>& stats, WallTime now);

}  // namespace plumb::kubelet
