#include "reference/policy/policy_metrics.h"

namespace plumb::policy {
namespace {

// 1 ms doubled, fifteen bounds, as the proxy's.
std::vector<double> sync_buckets() {
  std::vector<double> bounds;
  double bound = 0.001;
  for (int i = 0; i < 15; ++i, bound *= 2) bounds.push_back(bound);
  return bounds;
}
constexpr char sync_name[] = "network_policy_sync_duration_seconds", sync_help[] = "Time from changed objects to the kernel's rules, in seconds";
constexpr char isolated_name[] = "network_policy_isolated_pods", isolated_help[] = "Pods of this node that a policy isolates";

}  // namespace

PolicyMetrics::PolicyMetrics()
    : whole_sync_(metrics::histogram(sync_name, sync_help, sync_buckets(), {{"kind", "whole"}})),
      partial_sync_(metrics::histogram(sync_name, sync_help, sync_buckets(), {{"kind", "partial"}})),
      failures_(metrics::counter("network_policy_sync_failures_total", "Transactions of network policy rules that failed")),
      policies_(metrics::gauge("network_policy_policies", "NetworkPolicies in the cluster")),
      ingress_(metrics::gauge(isolated_name, isolated_help, {{"direction", "ingress"}})),
      egress_(metrics::gauge(isolated_name, isolated_help, {{"direction", "egress"}})),
      elements_(metrics::gauge("network_policy_elements", "Elements of the table's sets and maps")) {}

void PolicyMetrics::synced(Duration took, bool whole) { (whole ? whole_sync_ : partial_sync_).observe(std::chrono::duration<double>(took).count()); }

void PolicyMetrics::holds(std::size_t policies, std::size_t isolated_ingress, std::size_t isolated_egress, std::size_t elements) {
  policies_.set(static_cast<double>(policies));
  ingress_.set(static_cast<double>(isolated_ingress));
  egress_.set(static_cast<double>(isolated_egress));
  elements_.set(static_cast<double>(elements));
}

}  // namespace plumb::policy
