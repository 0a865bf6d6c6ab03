// The topology spread constraints of a pod: its own, or defaults for its workload.
// https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
#pragma once

#include <string_view>
#include <vector>

#include "reference/scheduler/pod_counts.h"
#include "reference/scheduler/plugins/pod_topology_spread/workload_selector.h"

namespace plumb::scheduler {

struct SpreadConstraint {
  std::int32_t max_skew = 1, min_domains = 1;
  api::Str topology_key;
  api::LabelSelector selector;
  bool honour_affinity = true, honour_taints = false;
};

class SpreadConstraints {
 public:
  // Upstream's PodTopologySpreadArgs.
  Status configure(const DocReader& args);
  void attach(const Handle& handle) { workloads_.attach(handle); }

  // Those with this whenUnsatisfiable.
  std::vector<SpreadConstraint> of(const corev1::Pod& pod, std::string_view action) const;
  // A node without the topology of a system default is spread over by the others.
  bool need_all_topologies(const corev1::Pod& pod) const { return !pod.spec.topologySpreadConstraints.empty() || !system_defaults_; }
  // Pods that the constraint counts, of the pod's namespace, not those that are going; an empty selector counts none. On nodes that have
  // all of `keys` and that the constraint's policies let count.
  static CountQuery query(const std::shared_ptr<const corev1::Pod>& pod, const SpreadConstraint& constraint, std::vector<api::Str> keys);

 private:
  api::List<corev1::TopologySpreadConstraint> defaults_ = system_defaults();
  bool system_defaults_ = true;
  WorkloadSelector workloads_;

  static api::List<corev1::TopologySpreadConstraint> system_defaults();
};

}  // namespace plumb::scheduler
