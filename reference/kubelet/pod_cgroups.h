// Cgroups of pods, as upstream lays them out with the cgroupfs driver: /kubepods/[burstable|besteffort/]pod<uid>, in every v1 hierarchy or
// in the one v2 hierarchy. Containers get theirs below from the runtime.
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "reference/api/types/corev1.h"
#include "reference/cri/runtime.h"

namespace plumb::kubelet {

// The smallest share the kernel takes, and how CPU maps to shares, quota and oom score: upstream's formulas.
std::int64_t cpu_shares(std::int64_t milli_cpu);
std::int64_t cpu_quota(std::int64_t milli_cpu);  // microseconds in each 100 ms; 0: no limit
std::int64_t oom_score(const corev1::Pod& pod, const corev1::Container& container, std::int64_t memory_capacity);
cri::Resources container_resources(const corev1::Pod& pod, const corev1::Container& container, std::int64_t memory_capacity);

// A resource of a container in `value()` units (thousandths for CPU); 0 when it has none.
std::int64_t milli_cpu(const api::Map<api::QuantityText>& resources);
std::int64_t bytes_of(const api::Map<api::QuantityText>& resources, std::string_view name = "memory");

class PodCgroups {
 public:
  // `root` is a path in every hierarchy, "" for their own root; `mounts` are their mount points.
  PodCgroups(std::string root, std::vector<std::string> mounts) : root_(std::move(root)), mounts_(std::move(mounts)) {}
  // Those of this process: /sys/fs/cgroup or the folders in it.
  static PodCgroups of_this_machine(std::string root);

  std::string parent_of(const corev1::Pod& pod) const;  // what the runtime is told
  Status make(const corev1::Pod& pod) const;            // with the pod's limits, where each container has one
  void remove(const corev1::Pod& pod) const;

 private:
  std::string root_;
  std::vector<std::string> mounts_;
};

}  // namespace plumb::kubelet
