#include "reference/apiserver/server_metrics.h"

namespace plumb::apiserver {

void publish_build_info() {
  metrics::gauge("kubernetes_build_info", "A metric with a constant '1' value, labeled by version.",
                 {{"major", "1"}, {"minor", "37"}, {"git_version", std::string(served_version)}, {"platform", "linux/amd64"}}).set(1);
}

void publish_counts(const WatchCache& cache) {
  for (const auto& each : cache.all()) {
    const metrics::Labels labels{{"group", std::string(each->resource().group())}, {"resource", each->resource().names().plural}};
    metrics::gauge("apiserver_resource_objects", "Number of stored objects, by kind.", labels).set(static_cast<double>(each->size()));
    metrics::gauge("apiserver_watch_cache_resource_version", "The revision up to which the watch cache knows everything, by resource.", labels).set(static_cast<double>(each->known_up_to()));
    metrics::gauge("apiserver_storage_objects", "Number of stored objects, by kind.", {{"resource", each->resource().group_resource()}}).set(static_cast<double>(each->size()));
  }
}

metrics::Counter cache_events_received(const resources::Resource& resource) {
  return metrics::counter("apiserver_watch_cache_events_received_total", "Counter of events received by the watch cache.",
                          {{"group", std::string(resource.group())}, {"resource", resource.names().plural}});
}

metrics::Counter watch_events_sent(const resources::Resource& resource) {
  return metrics::counter("apiserver_watch_events_total", "Events that watchers were sent over connections, by resource.",
                          {{"group", std::string(resource.group())}, {"version", std::string(resource.version())}, {"resource", resource.names().plural}});
}

}  // namespace plumb::apiserver
