// The hints by which proxies keep traffic close (KEP-4444, KEP-3015): every ready endpoint is hinted to its own zone and, where the Service
// prefers the same node, to its own node.
#pragma once

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/endpoint_slices.h"

namespace plumb::controllers::endpointslice {

// Gives what is written the hints that the Service asks for, and adds to it those slices of `existing` whose hints are others.
void set_hints(const corev1::Service& service, const std::vector<SlicePtr>& existing, SliceChanges& changes);

}  // namespace plumb::controllers::endpointslice
