// What simulated pods use. Annotations of a pod say it, and may change at any time:
//   plumbline.io/cpu-usage: 250m      CPU that the pod uses from now on
//   plumbline.io/memory-usage: 64Mi   its working set
// Its containers share both equally. A pod that does not say so uses 1m and 1Mi. CPU is counted over time as a kernel does, so that whoever
// reads the counter twice finds the rate; a change takes effect at once.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "reference/kubelet/usage.h"

namespace plumb::kubelet {

inline constexpr char kCpuUsageAnnotation[] = "plumbline.io/cpu-usage", kMemoryUsageAnnotation[] = "plumbline.io/memory-usage";

class SimulatedUsage {
 public:
  // The pod is there, or has changed.
  void saw(const corev1::Pod& pod, WallTime now);
  void gone(const corev1::Pod& pod);
  // Of the containers that run, named by `running` with the time they began.
  PodUsage read(const PodPtr& pod, const std::vector<std::pair<std::string, WallTime>>& running, WallTime now) const;

 private:
  struct Meter {
    std::uint64_t counted = 0;  // nanoseconds of CPU up to `since`
    std::int64_t milli_cpu = 0;
    std::uint64_t memory_bytes = 0;
    WallTime since;
    std::uint64_t at(WallTime now) const;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Meter, std::less<>> meters_;  // by UID; under mutex_
};

}  // namespace plumb::kubelet
