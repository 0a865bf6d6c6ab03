// What the server serves: /api, /apis, a document a group and a version, and the aggregated form (apidiscovery.k8s.io/v2). Follows from
// the registered resources, and from what other servers serve for this one.
#pragma once

#include <vector>

#include "reference/apiserver/aggregation/foreign.h"
#include "reference/apiserver/http/handler.h"

namespace plumb::apiserver {

std::vector<Route> discovery_routes(ForeignSource foreign);

}  // namespace plumb::apiserver
