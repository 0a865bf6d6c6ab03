// The decision of the endpointslice controller: the slices of one Service, from its pods and the slices that there are.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/endpoint_slices.h"

namespace plumb::controllers::endpointslice {

inline constexpr std::string_view manager = "endpointslice-controller.k8s.io";

using PodPtr = std::shared_ptr<const corev1::Pod>;
using NodePtr = std::shared_ptr<const corev1::Node>;

struct Observed {
  std::shared_ptr<const corev1::Service> service;
  std::vector<PodPtr> pods;      // that the Service selects
  std::vector<SlicePtr> slices;  // of the Service and this manager, not being deleted
  std::function<NodePtr(std::string_view name)> node;
  std::optional<WallTime> trigger_time;
  std::size_t most_endpoints = 100;  // of a slice
};

// A pod whose node is not known is left out, unless the Service publishes not ready addresses; the plan then comes again.
Plan decide(const Observed& observed);

}  // namespace plumb::controllers::endpointslice
