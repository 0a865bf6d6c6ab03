// How a load is shared by the pods of several workloads: which pod is to use how much CPU now. No I/O; not safe from several threads.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/load/measure/measurement.h"

namespace plumb::perf {

class LoadSpread {
 public:
  // What is known of a pod; `workload` is the same text for all pods that share a load.
  void pod(const std::string& name, const std::string& workload, const std::string& node, bool ready);
  void gone(const std::string& name);

  void change(const harness::LoadChange& change) { load_ = change; }
  bool changing(Instant now) const { return now < load_.began + load_.over; }

  struct Share {
    std::string pod, node;
    std::int64_t milli_cpu = 0;
  };
  // What is to be told to pods: shares of ready pods that are not what they were told last, and those told before `renewed`. They are as good
  // as told then. Together the pods of a workload use its load to the thousandth.
  std::vector<Share> due(Instant now, Instant renewed, std::size_t most);
  void lasts(const std::string& pod);   // what it was told need not be renewed
  void untold(const std::string& pod);  // it could not be told

 private:
  struct Pod {
    std::string workload, node;
    bool ready = false;
    std::optional<std::int64_t> told;
    Instant at{};
  };
  std::map<std::string, Pod> pods_;  // by name
  harness::LoadChange load_;
};

}  // namespace plumb::perf
