// The kubelet's metrics, under upstream's names: the one place that knows them.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "harness/base/clock.h"
#include "harness/base/metrics.h"

namespace plumb::kubelet {

// A call to the container runtime has ended; `method` as the CRI calls it ("RunPodSandbox").
void runtime_operation_ended(const char* method, Duration took, bool ok);

class KubeletMetrics {
 public:
  struct Running {
    std::size_t pods = 0, containers = 0;
  };
  // `running` is asked whenever the metrics are read.
  KubeletMetrics(const std::string& node_name, std::function<Running()> running);
  void relisted(Duration took);

 private:
  metrics::Histogram relist_;
  std::unique_ptr<metrics::Refresh> refresh_;
};

}  // namespace plumb::kubelet
