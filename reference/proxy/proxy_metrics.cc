#include "reference/proxy/proxy_metrics.h"

namespace plumb::proxy {
namespace {

// 1 ms doubled, fifteen bounds.
std::vector<double> sync_buckets() {
  std::vector<double> bounds;
  double bound = 0.001;
  for (int i = 0; i < 15; ++i, bound *= 2) bounds.push_back(bound);
  return bounds;
}

// Upstream's: quarters of a second, then every second to a minute, then to five minutes.
std::vector<double> programming_buckets() {
  std::vector<double> bounds{0.25, 0.5};
  for (int i = 1; i < 60; ++i) bounds.push_back(i);
  for (int i = 60; i < 120; i += 5) bounds.push_back(i);
  for (int i = 120; i <= 300; i += 30) bounds.push_back(i);
  return bounds;
}

}  // namespace

ProxyMetrics::ProxyMetrics()
    : sync_(metrics::histogram("kubeproxy_sync_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds", sync_buckets())),
      whole_sync_(metrics::histogram("kubeproxy_sync_full_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds for full resyncs", sync_buckets())),
      partial_sync_(metrics::histogram("kubeproxy_sync_partial_proxy_rules_duration_seconds", "SyncProxyRules latency in seconds for partial resyncs", sync_buckets())),
      programming_(metrics::histogram("kubeproxy_network_programming_duration_seconds", "In Cluster Network Programming Latency in seconds", programming_buckets())),
      conntrack_(metrics::histogram("kubeproxy_conntrack_reconciler_sync_duration_seconds", "ReconcileConntrackFlowsLatency latency in seconds", sync_buckets())),
      failures_(metrics::counter("kubeproxy_sync_proxy_rules_nftables_sync_failures_total", "Cumulative proxy nftables sync failures")),
      cleanup_failures_(metrics::counter("kubeproxy_sync_proxy_rules_nftables_cleanup_failures_total", "Cumulative proxy nftables cleanup failures")),
      service_changes_(metrics::counter("kubeproxy_sync_proxy_rules_service_changes_total", "Cumulative proxy rules Service changes")),
      endpoint_changes_(metrics::counter("kubeproxy_sync_proxy_rules_endpoint_changes_total", "Cumulative proxy rules Endpoint changes")),
      flows_(metrics::counter("kubeproxy_conntrack_reconciler_deleted_entries_total", "Cumulative conntrack flows deleted by conntrack reconciler")),
      last_sync_(metrics::gauge("kubeproxy_sync_proxy_rules_last_timestamp_seconds", "The last time proxy rules were successfully synced")),
      last_queued_(metrics::gauge("kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds", "The last time a sync of proxy rules was queued")),
      pending_services_(metrics::gauge("kubeproxy_sync_proxy_rules_service_changes_pending", "Pending proxy rules Service changes")),
      pending_endpoints_(metrics::gauge("kubeproxy_sync_proxy_rules_endpoint_changes_pending", "Pending proxy rules Endpoint changes")),
      no_local_internal_(metrics::gauge("kubeproxy_sync_proxy_rules_no_local_endpoints_total", "Number of services with a Local traffic policy and no endpoints", {{"traffic_policy", "internal"}})),
      no_local_external_(metrics::gauge("kubeproxy_sync_proxy_rules_no_local_endpoints_total", "Number of services with a Local traffic policy and no endpoints", {{"traffic_policy", "external"}})) {}

void ProxyMetrics::synced(Duration took, bool whole, WallTime now) {
  const double duration = std::chrono::duration<double>(took).count();
  sync_.observe(duration);
  (whole ? whole_sync_ : partial_sync_).observe(duration);
  last_sync_.set(seconds(now));
}

void ProxyMetrics::pending(std::size_t services, std::size_t slices) {
  pending_services_.set(static_cast<double>(services));
  pending_endpoints_.set(static_cast<double>(slices));
}

void ProxyMetrics::without_local_endpoints(std::size_t internal, std::size_t external) {
  no_local_internal_.set(static_cast<double>(internal));
  no_local_external_.set(static_cast<double>(external));
}

void ProxyMetrics::flows_removed(int count, Duration took) {
  flows_.add(count);
  conntrack_.observe(std::chrono::duration<double>(took).count());
}

}  // namespace plumb::proxy
