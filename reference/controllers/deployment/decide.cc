#include <algorithm>

#include "reference/controllers/deployment/pass.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::deployment {

using appsv1::Deployment;
using appsv1::ReplicaSet;

Pass::Pass(Observed observed, std::shared_ptr<Deployment> deployment, const Now& now)
    : observed_(std::move(observed)), now_(now), deployment_(std::move(deployment)) {
  for (const auto& set : observed_.replica_sets) owned_.push_back(std::static_pointer_cast<ReplicaSet>(api::clone(*set)));
  for (const auto& set : owned_) all_.push_back(set.get());
  std::sort(all_.begin(), all_.end(), older);
  for (ReplicaSet* set : all_)
    if (!new_ && same_template(set->spec.template_, deployment_->spec.template_)) new_ = set;
  for (ReplicaSet* set : all_)
    if (set != new_) old_.push_back(set);
}

Plan Pass::run() {
  const auto& d = *deployment_;
  if (d.spec.selector && d.spec.selector->matchLabels.empty() && d.spec.selector->matchExpressions.empty()) return selects_all();
  if (d.metadata.deletionTimestamp) {
    sync_revision();
    return finish(base_status());
  }
  note_pause();
  if (d.spec.paused || is_scaling()) return scale_only();
  return d.spec.strategy.type == appsv1::RecreateDeploymentStrategyType ? recreate() : roll();
}

Plan Pass::selects_all() {
  Plan plan;
  plan.record(observed_.deployment, informer::event_warning, "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.");
  if (deployment_->status.observedGeneration < deployment_->metadata.generation) {
    deployment_->status.observedGeneration = deployment_->metadata.generation;
    plan.act(informer::update_status_request(deployment_));
  }
  return plan;
}

// So that a deployment that was paused for long has not missed its deadline when it goes on.
void Pass::note_pause() {
  if (!has_progress_deadline(*deployment_)) return;
  const auto* progressing = condition(deployment_->status, appsv1::DeploymentProgressing);
  if (progressing && progressing->reason == "ProgressDeadlineExceeded") return;
  const bool noted = progressing && progressing->reason == "DeploymentPaused";
  if (deployment_->spec.paused && !noted) set_progressing("Unknown", "DeploymentPaused", "Deployment is paused");
  if (!deployment_->spec.paused && noted) set_progressing("Unknown", "DeploymentResumed", "Deployment is resumed");
}

void Pass::set_progressing(std::string_view status, std::string_view reason, const std::string& message) {
  set_condition(deployment_->status, make_condition(appsv1::DeploymentProgressing, status, reason, message, now_.wall));
}

std::int64_t Pass::next_revision() const {
  std::int64_t highest = 0;
  for (const ReplicaSet* set : old_) highest = std::max(highest, revision_of(*set));
  return highest + 1;
}

// Brings annotations of the new replica set up to date, and the deployment's revision.
void Pass::sync_revision() {
  if (!new_) return;
  if (annotate(*new_, *deployment_, next_revision(), false)) changed_.insert(new_);
  if (new_->spec.minReadySeconds != deployment_->spec.minReadySeconds) {
    new_->spec.minReadySeconds = deployment_->spec.minReadySeconds;
    changed_.insert(new_);
  }
  set_revision(new_->metadata.annotations.get(revision_annotation).view());
  if (has_progress_deadline(*deployment_) && !condition(deployment_->status, appsv1::DeploymentProgressing))
    set_progressing("True", "FoundNewReplicaSet", "Found new replica set " + quoted(new_->metadata.name));
}

void Pass::set_revision(std::string_view revision) { deployment_->metadata.annotations.set(revision_annotation, api::Str(revision)); }

Plan Pass::scale_only() {
  sync_revision();
  scale_all();
  if (deployment_->spec.paused) clean_up();
  return finish(base_status());
}

Plan Pass::roll() {
  if (!new_) return make_new();
  sync_revision();
  if (!grow_new() && !shrink_old() && is_complete(*deployment_, deployment_->status)) clean_up();
  return finish(rollout_status());
}

Plan Pass::recreate() {
  sync_revision();
  bool scaled = false;
  for (ReplicaSet* set : active(old_)) scaled |= scale(*set, 0);
  if (scaled || old_pods_run()) return finish(rollout_status());
  if (!new_) return make_new();
  scale(*new_, replicas_of(*deployment_));
  if (is_complete(*deployment_, deployment_->status)) clean_up();
  return finish(rollout_status());
}

bool Pass::old_pods_run() const {
  return std::any_of(old_.begin(), old_.end(), [&](const ReplicaSet* set) {
    return set->status.replicas > 0 || observed_.with_running_pods.contains(set->metadata.uid.str());
  });
}

// Old replica sets beyond the limit that have neither pods nor use for any.
void Pass::clean_up() {
  if (!has_history_limit(*deployment_)) return;
  Sets idle = old_;
  std::erase_if(idle, [](const ReplicaSet* set) { return static_cast<bool>(set->metadata.deletionTimestamp); });
  std::stable_sort(idle.begin(), idle.end(), [](const ReplicaSet* a, const ReplicaSet* b) { return revision_of(*a) < revision_of(*b); });
  const auto excess = static_cast<std::int64_t>(idle.size()) - *deployment_->spec.revisionHistoryLimit;
  for (std::int64_t i = 0; i < excess; ++i) {
    const ReplicaSet& set = *idle[static_cast<std::size_t>(i)];
    if (set.status.replicas != 0 || replicas_of(set) != 0 || set.metadata.generation > set.status.observedGeneration) continue;
    doomed_.push_back(&set);
  }
}

Plan decide(const Observed& observed, const Now& now) {
  return Pass(observed, std::static_pointer_cast<Deployment>(api::clone(*observed.deployment)), now).run();
}

}  // namespace plumb::controllers::deployment
