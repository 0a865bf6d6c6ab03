// The bounds of workloads that change: how few of their pods may be available, how many there may be.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "reference/api/types/appsv1.h"
#include "reference/controllers/framework/drift_cluster.h"

namespace plumb::controllers {

// Hold at every step for workloads that nobody disturbs: all their pods were there, and since then nothing happened but changes of their
// template, restarts, failing calls, caches that lag, and what the controllers did. Remembers which those are.
//
// - A Deployment: replicas - maxUnavailable are available, and its ReplicaSets' sizes come to replicas + maxSurge at most. Not pods: one of
//   a ReplicaSet that shrinks may still be there when one of another that grows comes. With Recreate none need be available.
// - A StatefulSet: replicas - 1 are available, and there are no more than replicas.
// - A DaemonSet: nodes - maxUnavailable have an available pod, and there are nodes + maxSurge pods at most.
// None of these hold, upstream's no more than ours,
// - once a pod ended, lost its readiness, its label or its node, or was deleted or evicted: until all are there again;
// - where caches lag for as long as expectations last (five minutes): what was asked for then counts as lost, and is asked for again;
// - where two controller managers work at a time, or a write of a former one arrives late: neither knows what the other has asked for;
// - while the number of replicas or of nodes changes, by people or an autoscaler.
class SteadyWorkloads {
 public:
  explicit SteadyWorkloads(DriftCluster& cluster) : cluster_(cluster) {}
  // Its pods were meddled with; empty: everybody's.
  void disturbed(const std::string& app);
  // It is going to change its size at any time.
  void never(const std::string& app) { never_.insert(app); }
  // `caught_up`: the controllers have seen everything. Appends to `problems`.
  void check(bool caught_up, std::vector<std::string>& problems);

 private:
  std::int32_t planned_of(const appsv1::Deployment& each, std::int32_t active);
  std::int32_t planned_of(const api::Object&, std::int32_t active) { return active; }

  DriftCluster& cluster_;
  std::set<std::string> steady_, never_;  // values of the label "app"
};

}  // namespace plumb::controllers
