// When a claim that is to go may go.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/plan.h"

namespace plumb::controllers::persistentvolumeclaimprotection {

using ClaimPtr = std::shared_ptr<const corev1::PersistentVolumeClaim>;
using PodPtr = std::shared_ptr<const corev1::Pod>;

inline constexpr std::string_view finalizer = "kubernetes.io/pvc-protection";

// The kubelet has done with it, or it was removed by force.
bool is_shut_down(const corev1::Pod& pod);
// `pods`: those that name the claim. Before the claim is let go, the pods are read anew: one that the cache does not show must not lose its data.
Plan decide(const ClaimPtr& claim, const std::vector<PodPtr>& pods);

}  // namespace plumb::controllers::persistentvolumeclaimprotection
