// How far a rollout has come, as a deployment's status tells it: upstream's counts and conditions.
#pragma once

#include "reference/controllers/deployment/replica_sets.h"

namespace plumb::controllers::deployment {

struct RolloutView {
  const appsv1::Deployment& before;      // as it was observed
  const appsv1::Deployment& deployment;  // as this pass has changed it
  const Sets &all, &old;                 // replica sets, oldest first
  const appsv1::ReplicaSet* newest;      // nullptr: not made yet
  WallTime now;
};

// Counts and the condition Available.
appsv1::DeploymentStatus counted_status(const RolloutView& rollout);
// These, and the conditions Progressing and ReplicaFailure.
appsv1::DeploymentStatus rollout_status(const RolloutView& rollout);

bool is_complete(const appsv1::Deployment& deployment, const appsv1::DeploymentStatus& status);
// When a rollout that has not moved since that condition has failed; only with a progress deadline.
WallTime deadline(const appsv1::Deployment& deployment, const appsv1::DeploymentCondition& progressing);

}  // namespace plumb::controllers::deployment
