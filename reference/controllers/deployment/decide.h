// The decision of the deployment controller: one pass from a deployment and its replica sets to what to do next. Upstream's behaviour:
// rolling update within maxSurge and maxUnavailable, recreate, proportional scaling in the midst of a rollout, pause, revisions and
// their history, progress deadline.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "reference/api/types/appsv1.h"
#include "reference/controllers/framework/plan.h"

namespace plumb::controllers::deployment {

struct Observed {
  std::shared_ptr<const appsv1::Deployment> deployment;
  std::vector<std::shared_ptr<const appsv1::ReplicaSet>> replica_sets;  // claimed
  std::set<std::string> with_running_pods;  // UIDs of replica sets with pods that are not finished; only asked for Recreate
};

Plan decide(const Observed& observed, const Now& now);

}  // namespace plumb::controllers::deployment
