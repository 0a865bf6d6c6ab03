// What must hold in a cluster, at any moment and when all has become quiet.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "reference/api/types/appsv1.h"
#include "reference/controllers/framework/drift_cluster.h"

namespace plumb::controllers {

// Holds at every step, for workloads that nobody disturbs: all their pods were there, and since then nothing happened but changes of their
// template, restarts and what the controllers did. Remembers which those are.
class SteadyWorkloads {
 public:
  explicit SteadyWorkloads(DriftCluster& cluster) : cluster_(cluster) {}
  // Its pods were meddled with; empty: everybody's.
  void disturbed(const std::string& app);
  // `caught_up`: the controllers have seen everything. Appends to `problems`.
  void check(bool caught_up, std::vector<std::string>& problems);

 private:
  std::int32_t planned_of(const appsv1::Deployment& each, std::int32_t active);
  std::int32_t planned_of(const api::Object&, std::int32_t active) { return active; }

  DriftCluster& cluster_;
  std::set<std::string> steady_;  // values of the label "app"
};

// Nobody asked for more: each workload has the pods that it declares, and nothing is left over.
std::vector<std::string> differences_from_declared(DriftCluster& cluster);

}  // namespace plumb::controllers
