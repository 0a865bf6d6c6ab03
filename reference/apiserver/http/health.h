// /healthz, /livez, /readyz with their checks one by one, /version and /metrics.
#pragma once

#include <vector>

#include "reference/apiserver/http/handler.h"

namespace plumb::apiserver {

std::vector<Route> health_routes(store::Store& store, WatchCache& cache);

}  // namespace plumb::apiserver
