// The embedded store's metrics, under etcd's names, so that dashboards and checks for etcd find them.
#pragma once

#include <memory>

#include "harness/base/clock.h"
#include "harness/base/metrics.h"

namespace plumb::store::embedded {

class StoreMetrics {
 public:
  StoreMetrics();
  // Writing the log and committing the tree are one durable step here: both histograms get it.
  void committed(Duration took);
  void sizes(std::int64_t on_disk, std::int64_t in_use);

 private:
  metrics::Histogram fsync_, commit_;
  metrics::Gauge total_, used_;
};

}  // namespace plumb::store::embedded
