// The API server's metrics that are not about requests (those: http/request_metrics.h), under upstream's names.
#pragma once

#include "harness/base/metrics.h"
#include "reference/apiserver/cache/watch_cache.h"

namespace plumb::apiserver {

inline constexpr std::string_view served_version = "v1.37.0+plumbline";

// kubernetes_build_info; other components of the cluster have it too.
void publish_build_info();
// How many objects there are now.
void publish_counts(const WatchCache& cache);
metrics::Counter cache_events_received(const resources::Resource& resource);
metrics::Counter watch_events_sent(const resources::Resource& resource);

}  // namespace plumb::apiserver
