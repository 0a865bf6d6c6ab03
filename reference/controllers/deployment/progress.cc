#include "reference/controllers/deployment/progress.h"

#include <algorithm>

namespace plumb::controllers::deployment {
namespace {

using appsv1::Deployment;
using appsv1::DeploymentStatus;
using appsv1::ReplicaSet;

bool has_moved(const DeploymentStatus& before, const DeploymentStatus& status) {
  return status.updatedReplicas > before.updatedReplicas ||
         status.replicas - status.updatedReplicas < before.replicas - before.updatedReplicas ||
         status.readyReplicas > before.readyReplicas || status.availableReplicas > before.availableReplicas;
}

bool has_timed_out(const RolloutView& rollout, const DeploymentStatus& status) {
  const auto* progressing = condition(status, appsv1::DeploymentProgressing);
  if (!progressing || progressing->reason == "NewReplicaSetAvailable") return false;
  return progressing->reason == "ProgressDeadlineExceeded" || deadline(rollout.deployment, *progressing) < rollout.now;
}

void estimate_progress(const RolloutView& rollout, DeploymentStatus& status) {
  const std::string subject = rollout.newest ? "ReplicaSet " + quoted(rollout.newest->metadata.name) : "Deployment " + quoted(rollout.deployment.metadata.name);
  const auto progressing = [&](std::string_view state, std::string_view reason, std::string_view what) {
    return make_condition(appsv1::DeploymentProgressing, state, reason, subject + " " + std::string(what), rollout.now);
  };
  if (is_complete(rollout.deployment, status)) {
    set_condition(status, progressing("True", "NewReplicaSetAvailable", "has successfully progressed."));
  } else if (has_moved(rollout.before.status, status)) {
    auto next = progressing("True", "ReplicaSetUpdated", "is progressing.");
    if (const auto* current = condition(rollout.deployment.status, appsv1::DeploymentProgressing)) {
      if (current->status == next.status) next.lastTransitionTime = current->lastTransitionTime;
      remove_condition(status, appsv1::DeploymentProgressing);
    }
    set_condition(status, std::move(next));
  } else if (has_timed_out(rollout, status)) {
    set_condition(status, progressing("False", "ProgressDeadlineExceeded", "has timed out progressing."));
  }
}

void note_failures(const RolloutView& rollout, DeploymentStatus& status) {
  const appsv1::ReplicaSetCondition* found = nullptr;
  const auto look = [&](const ReplicaSet& set) {
    for (const auto& candidate : set.status.conditions)
      if (!found && candidate.type == appsv1::ReplicaSetReplicaFailure) found = &candidate;
  };
  if (rollout.newest) look(*rollout.newest);
  for (const ReplicaSet* set : rollout.old) look(*set);
  if (!found) return remove_condition(status, appsv1::DeploymentReplicaFailure);
  auto next = make_condition(appsv1::DeploymentReplicaFailure, found->status, found->reason, found->message, rollout.now);
  next.lastTransitionTime = next.lastUpdateTime = found->lastTransitionTime;
  set_condition(status, std::move(next));
}

}  // namespace

DeploymentStatus counted_status(const RolloutView& rollout) {
  const Deployment& deployment = rollout.deployment;
  DeploymentStatus status = deployment.status;
  const std::int32_t available_now = sum(rollout.all, available);
  status.observedGeneration = deployment.metadata.generation;
  status.replicas = sum(rollout.all, actual);
  status.updatedReplicas = rollout.newest ? actual(*rollout.newest) : 0;
  status.readyReplicas = sum(rollout.all, ready);
  status.availableReplicas = available_now;
  status.unavailableReplicas = std::max(0, sum(rollout.all, wanted) - available_now);
  status.terminatingReplicas = sum(rollout.all, [](const ReplicaSet& set) { return set.status.terminatingReplicas.value_or(0); });
  const bool enough = available_now >= replicas_of(deployment) - max_unavailable(deployment);
  set_condition(status, make_condition(appsv1::DeploymentAvailable, enough ? "True" : "False",
                                       enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                                       enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.", rollout.now));
  return status;
}

DeploymentStatus rollout_status(const RolloutView& rollout) {
  DeploymentStatus status = counted_status(rollout);
  const bool limited = has_progress_deadline(rollout.deployment);
  if (!limited) remove_condition(status, appsv1::DeploymentProgressing);
  const auto* progressing = condition(rollout.deployment.status, appsv1::DeploymentProgressing);
  const bool was_complete = status.replicas == status.updatedReplicas && progressing && progressing->reason == "NewReplicaSetAvailable";
  if (limited && !was_complete) estimate_progress(rollout, status);
  note_failures(rollout, status);
  return status;
}

bool is_complete(const Deployment& deployment, const DeploymentStatus& status) {
  const std::int32_t replicas = replicas_of(deployment);
  return status.updatedReplicas == replicas && status.replicas == replicas && status.availableReplicas == replicas &&
         status.observedGeneration >= deployment.metadata.generation;
}

WallTime deadline(const Deployment& deployment, const appsv1::DeploymentCondition& progressing) {
  return progressing.lastUpdateTime.wall() + std::chrono::seconds(*deployment.spec.progressDeadlineSeconds);
}

}  // namespace plumb::controllers::deployment
