// The workloads of a scenario that autoscalers scale, by the events of their objects and what metrics.k8s.io answers. No I/O; not safe from
// several threads.
#pragma once

#include <simdjson.h>

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "harness/load/measure/autoscaling_workload.h"

namespace plumb::harness {

// CPU in cores: "250m", "1", "123456789n"; zero for what is no quantity.
double cores_of(std::string_view quantity);

class AutoscalingTracker {
 public:
  // A workload is known by its name to its autoscaler, and by the first label of its selector to its pods.
  void workload(Instant arrived, std::string_view type, const simdjson::dom::element& object);
  void autoscaler(Instant arrived, std::string_view type, const simdjson::dom::element& object);
  void pod(Instant arrived, std::string_view type, const simdjson::dom::element& object);
  // A PodMetricsList of their namespace.
  void metrics(Instant arrived, const simdjson::dom::element& list);
  void load(const LoadChange& change);

  std::uint64_t measured() const;
  std::uint64_t settled() const;
  // Of all workloads together.
  AutoscalingWorkload::Account account(Instant now);

 private:
  struct Known {
    std::string label;  // "app=web"
    AutoscalingWorkload state;
  };
  struct Scaling {
    AutoscalingWorkload::Goal goal;
    std::optional<double> current;
  };
  Known* of_pod(const std::string& pod);

  std::map<std::string, Known, std::less<>> workloads_;             // by name
  std::unordered_map<std::string, std::string> by_label_, by_pod_;  // to the workload's name
  std::map<std::string, Scaling, std::less<>> early_;               // of autoscalers whose workload has not been seen, by its name
  std::optional<LoadChange> load_;
};

}  // namespace plumb::harness
