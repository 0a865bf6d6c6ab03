// What enforcing costs and does. Upstream has no names for it.
#pragma once

#include "harness/base/clock.h"
#include "harness/base/metrics.h"

namespace plumb::policy {

class PolicyMetrics {
 public:
  PolicyMetrics();
  // `whole`: the table was made anew; else only what had changed was written.
  void synced(Duration took, bool whole);
  void failed() { failures_.add(); }
  void holds(std::size_t policies, std::size_t isolated_ingress, std::size_t isolated_egress, std::size_t elements);

 private:
  metrics::Histogram whole_sync_, partial_sync_;
  metrics::Counter failures_;
  metrics::Gauge policies_, ingress_, egress_, elements_;
};

}  // namespace plumb::policy
