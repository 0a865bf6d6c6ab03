// What the server serves: /api, /apis, a document a group and a version, and the aggregated form (apidiscovery.k8s.io/v2). Follows from
// the registered resources; made once.
#pragma once

#include <vector>

#include "reference/apiserver/http/handler.h"

namespace plumb::apiserver {

std::vector<Route> discovery_routes();

}  // namespace plumb::apiserver
