// What a pass leaves: the replica sets that it changed, those that are no longer kept, the status, a rollback.
#include <algorithm>

#include "reference/controllers/deployment/pass.h"
#include "reference/controllers/deployment/rollback.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::deployment {

using appsv1::ReplicaSet;

RolloutView Pass::view() const { return {*observed_.deployment, *deployment_, all_, old_, new_, now_.wall}; }

appsv1::DeploymentStatus Pass::base_status() const { return counted_status(view()); }

appsv1::DeploymentStatus Pass::rollout_status() {
  appsv1::DeploymentStatus status = deployment::rollout_status(view());
  judge_revision(status);
  return status;
}

void Pass::judge_revision(appsv1::DeploymentStatus& status) {
  if (!new_ || was_complete(*new_)) return;
  const auto* progress = condition(status, appsv1::DeploymentProgressing);
  const bool failed = progress && progress->reason == "ProgressDeadlineExceeded";
  if (!failed) remove_condition(status, rolled_back);
  if (!rolls_back_on_failure(*deployment_)) return;
  if (is_complete(*deployment_, status) && replicas_of(*deployment_) > 0) {
    note_complete(*new_);
    changed_.insert(new_);
  } else if (failed) {
    go_back(status, std::string(progress->message.view()));
  }
}

void Pass::go_back(appsv1::DeploymentStatus& status, const std::string& why) {
  if (observed_.deployment->status.observedGeneration < deployment_->metadata.generation) return;
  const auto* before = condition(observed_.deployment->status, appsv1::DeploymentProgressing);
  back_to_ = newest_complete(old_);
  if (back_to_) {
    const std::string message = "Rolled back from revision " + std::to_string(revision_of(*new_)) + " to revision " + std::to_string(revision_of(*back_to_)) + ": " + why;
    set_condition(status, make_condition(rolled_back, "True", "ProgressDeadlineExceeded", message, now_.wall));
  } else if (!before || before->reason != "ProgressDeadlineExceeded") {
    nowhere_to_go_ = true;
  }
}

Plan Pass::finish(appsv1::DeploymentStatus status) {
  Plan plan;
  if (!changed_.empty()) write_sets(plan.stage());
  if (!doomed_.empty()) {
    Stage& stage = plan.stage();
    for (const ReplicaSet* set : doomed_) {
      Action& action = stage.actions.emplace_back();
      action.request = informer::remove_request(informer::resource_of<ReplicaSet>(), set->metadata.namespace_, set->metadata.name);
      action.accept = {"NotFound"};
    }
  }
  deployment_->status = std::move(status);
  const auto& before = *observed_.deployment;
  if (!(deployment_->status == before.status) || !(deployment_->metadata.annotations == before.metadata.annotations))
    plan.act(informer::update_status_request(deployment_));
  if (back_to_)
    plan.act(informer::update_request(gone_back(*deployment_, *back_to_))).on_success =
        Event{observed_.deployment, informer::event_normal, "DeploymentRollback",
              "Rolled back deployment " + quoted(deployment_->metadata.name) + " to revision " + std::to_string(revision_of(*back_to_))};
  if (nowhere_to_go_)
    plan.record(observed_.deployment, informer::event_warning, "DeploymentRollbackRevisionNotFound", "Unable to find a revision that was complete to roll back to.");
  watch_deadline(plan);
  return plan;
}

void Pass::write_sets(Stage& stage) {
  for (const auto& set : owned_) {
    if (!changed_.contains(set.get())) continue;
    Action& action = stage.actions.emplace_back();
    action.request = informer::update_request(set);
    const auto scaled = scaled_.find(set.get());
    if (scaled == scaled_.end()) continue;
    const std::int32_t from = scaled->second, to = replicas_of(*set);
    action.on_success = Event{observed_.deployment, informer::event_normal, "ScalingReplicaSet",
                              std::string("Scaled ") + (to > from ? "up" : "down") + " replica set " + set->metadata.name.str() + " from " +
                                  std::to_string(from) + " to " + std::to_string(to)};
  }
}

void Pass::watch_deadline(Plan& plan) const {
  const auto& status = deployment_->status;
  const auto* progressing = condition(status, appsv1::DeploymentProgressing);
  if (!has_progress_deadline(*deployment_) || deployment_->spec.paused || deployment_->metadata.deletionTimestamp || !progressing) return;
  if (is_complete(*deployment_, status) || progressing->reason == "ProgressDeadlineExceeded" || progressing->reason == "NewReplicaSetAvailable") return;
  plan.come_again(std::max<Duration>(deadline(*deployment_, *progressing) - now_.wall, Duration::zero()) + std::chrono::seconds(1));
}

}  // namespace plumb::controllers::deployment
