// The kubelet's metrics, under upstream's names: the one place that knows them.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "harness/base/clock.h"
#include "harness/base/metrics.h"
#include "reference/kubelet/pod_start_times.h"

namespace plumb::kubelet {

// A call to the container runtime has ended; `method` as the CRI calls it ("RunPodSandbox").
void runtime_operation_ended(const char* method, Duration took, bool ok);
// A container is about to be started: "container" or "init_container".
void container_starts(const char* type);
// The API has taken the status of a pod, so long after it changed.
void status_synced(Duration took);

class KubeletMetrics {
 public:
  struct Running {
    std::size_t pods = 0, containers = 0;
  };
  // `running` is asked whenever the metrics are read.
  KubeletMetrics(const std::string& node_name, std::function<Running()> running);
  void relisted(Instant began, Instant ended);
  void pod_started(const PodStart& start);
  void pod_runs(Duration since_seen);

 private:
  metrics::Histogram relist_, relist_interval_, start_, start_total_, start_sli_;
  std::optional<Instant> last_relist_;
  std::once_flag first_on_network_;
  std::unique_ptr<metrics::Refresh> refresh_;
};

}  // namespace plumb::kubelet
