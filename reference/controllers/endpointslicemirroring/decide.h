// The decision of the endpointslice mirroring controller: slices that say what an Endpoints object says which somebody wrote by hand.
#pragma once

#include <memory>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/endpoint_slices.h"

namespace plumb::controllers::endpointslicemirroring {

inline constexpr std::string_view manager = "endpointslicemirroring-controller.k8s.io";

bool should_mirror(const corev1::Endpoints& endpoints);

// `slices`: of the Service of that name and this manager. `most_endpoints`: mirrored of a subset.
Plan decide(const std::shared_ptr<const corev1::Endpoints>& endpoints, const std::vector<SlicePtr>& slices, std::size_t most_endpoints);
// Nothing is to be mirrored: what there is goes.
Plan clean_up(const std::string& key, const std::vector<SlicePtr>& slices);

}  // namespace plumb::controllers::endpointslicemirroring
