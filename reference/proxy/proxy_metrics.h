// kube-proxy's metrics, under its names and with its buckets.
#pragma once

#include "harness/base/clock.h"
#include "harness/base/metrics.h"

namespace plumb::proxy {

class ProxyMetrics {
 public:
  ProxyMetrics();
  void queued(WallTime now) { last_queued_.set(seconds(now)); }
  // `whole`: the table was made anew; else only what had changed was written.
  void synced(Duration took, bool whole, WallTime now);
  void failed() { failures_.add(); }
  void clean_up_failed() { cleanup_failures_.add(); }
  void service_changes(std::size_t count) { service_changes_.add(static_cast<double>(count)); }
  void endpoint_changes(std::size_t count) { endpoint_changes_.add(static_cast<double>(count)); }
  void pending(std::size_t services, std::size_t slices);
  void programmed(Duration since_change) { programming_.observe(std::chrono::duration<double>(since_change).count()); }
  void without_local_endpoints(std::size_t internal, std::size_t external);
  void flows_removed(int count, Duration took);

 private:
  static double seconds(WallTime at) { return std::chrono::duration<double>(at.time_since_epoch()).count(); }
  metrics::Histogram sync_, whole_sync_, partial_sync_, programming_, conntrack_;
  metrics::Counter failures_, cleanup_failures_, service_changes_, endpoint_changes_, flows_;
  metrics::Gauge last_sync_, last_queued_, pending_services_, pending_endpoints_, no_local_internal_, no_local_external_;
};

}  // namespace plumb::proxy
