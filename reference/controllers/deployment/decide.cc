#include "reference/controllers/deployment/decide.h"

#include <algorithm>
#include <map>

#include "reference/controllers/deployment/progress.h"
#include "reference/controllers/deployment/replica_sets.h"
#include "reference/controllers/deployment/rollback.h"
#include "reference/controllers/framework/count_or_percent.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::deployment {

namespace {

using appsv1::Deployment;
using appsv1::ReplicaSet;
using informer::event_normal;
using informer::event_warning;

// Available pods that are left when the replica set has come down to its size: until then its status counts those, too, that have to go.
std::int32_t lasting(const ReplicaSet& set) { return std::min(available(set), replicas_of(set)); }

// Its status may date from before it was made smaller and larger again, and count pods that are gone.
bool is_uncertain(const ReplicaSet* set) { return lasting(*set) > 0 && set->status.observedGeneration < set->metadata.generation; }

bool older(const ReplicaSet* a, const ReplicaSet* b) {
  const auto &left = a->metadata, &right = b->metadata;
  if (left.creationTimestamp < right.creationTimestamp) return true;
  if (right.creationTimestamp < left.creationTimestamp) return false;
  return left.name < right.name;
}

Sets active(Sets sets) {
  std::erase_if(sets, [](const ReplicaSet* set) { return replicas_of(*set) == 0; });
  return sets;
}

// One pass. Works on copies; each replica set that changed is written once, then what is no longer kept is deleted, then the
// deployment's status is written.
class Pass {
 public:
  Pass(Observed observed, std::shared_ptr<Deployment> deployment, const Now& now)
      : observed_(std::move(observed)), now_(now), deployment_(std::move(deployment)) {
    for (const auto& set : observed_.replica_sets) owned_.push_back(std::static_pointer_cast<ReplicaSet>(api::clone(*set)));
    for (const auto& set : owned_) all_.push_back(set.get());
    std::sort(all_.begin(), all_.end(), older);
    for (ReplicaSet* set : all_)
      if (!new_ && same_template(set->spec.template_, deployment_->spec.template_)) new_ = set;
    for (ReplicaSet* set : all_)
      if (set != new_) old_.push_back(set);
  }

  Plan run() {
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

 private:
  Plan selects_all() {
    Plan plan;
    plan.record(observed_.deployment, event_warning, "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.");
    if (deployment_->status.observedGeneration < deployment_->metadata.generation) {
      deployment_->status.observedGeneration = deployment_->metadata.generation;
      plan.act(informer::update_status_request(deployment_));
    }
    return plan;
  }

  // So that a deployment that was paused for long has not missed its deadline when it goes on.
  void note_pause() {
    if (!has_progress_deadline(*deployment_)) return;
    const auto* progressing = condition(deployment_->status, appsv1::DeploymentProgressing);
    if (progressing && progressing->reason == "ProgressDeadlineExceeded") return;
    const bool noted = progressing && progressing->reason == "DeploymentPaused";
    if (deployment_->spec.paused && !noted) set_progressing("Unknown", "DeploymentPaused", "Deployment is paused");
    if (!deployment_->spec.paused && noted) set_progressing("Unknown", "DeploymentResumed", "Deployment is resumed");
  }

  void set_progressing(std::string_view status, std::string_view reason, const std::string& message) {
    set_condition(deployment_->status, make_condition(appsv1::DeploymentProgressing, status, reason, message, now_.wall));
  }

  std::int64_t next_revision() const {
    std::int64_t highest = 0;
    for (const ReplicaSet* set : old_) highest = std::max(highest, revision_of(*set));
    return highest + 1;
  }

  // Brings annotations of the new replica set up to date, and the deployment's revision.
  void sync_revision() {
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

  void set_revision(std::string_view revision) { deployment_->metadata.annotations.set(revision_annotation, api::Str(revision)); }

  bool is_scaling() const {
    return std::any_of(all_.begin(), all_.end(), [&](const ReplicaSet* set) {
      if (replicas_of(*set) == 0) return false;
      const auto noted = number_annotation(*set, desired_replicas_annotation);
      return noted && *noted != replicas_of(*deployment_);
    });
  }

  bool scale(ReplicaSet& set, std::int32_t size) {
    const std::int32_t before = replicas_of(set);
    if (before == size) return false;
    resize(set, size);
    return true;
  }

  // Also where only the annotations are out of date.
  void resize(ReplicaSet& set, std::int32_t size) {
    const std::int32_t before = replicas_of(set);
    if (annotate_replicas(set, *deployment_) || before != size) changed_.insert(&set);
    if (before != size) scaled_.try_emplace(&set, before);
    set.spec.replicas = size;
  }

  Plan scale_only() {
    sync_revision();
    scale_all();
    if (deployment_->spec.paused) clean_up();
    return finish(base_status());
  }

  void scale_all() {
    const std::int32_t replicas = replicas_of(*deployment_);
    const Sets running = active(all_);
    if (running.size() <= 1) {
      ReplicaSet* only = !running.empty() ? running.front() : new_ ? new_ : all_.empty() ? nullptr : all_.back();
      if (only) resize(*only, replicas);  // an adopted one may have the size, but not the note of it
      return;
    }
    if (is_saturated()) {
      for (ReplicaSet* set : active(old_)) scale(*set, 0);
      return;
    }
    if (is_rolling(*deployment_)) scale_in_proportion(running);
  }

  bool is_saturated() const {
    const std::int32_t replicas = replicas_of(*deployment_);
    return new_ && replicas_of(*new_) == replicas && number_annotation(*new_, desired_replicas_annotation) == replicas &&
           new_->status.availableReplicas == replicas;
  }

  // Spreads what is to be added or removed over the active replica sets by size, so that a rollout keeps its mixture.
  void scale_in_proportion(Sets running) {
    const std::int32_t replicas = replicas_of(*deployment_);
    const std::int32_t allowed = replicas > 0 ? replicas + max_surge(*deployment_) : 0;
    const std::int32_t to_add = allowed - sum(running, wanted);
    std::sort(running.begin(), running.end(), [&](const ReplicaSet* a, const ReplicaSet* b) {
      if (replicas_of(*a) != replicas_of(*b)) return replicas_of(*a) > replicas_of(*b);
      return to_add > 0 ? older(b, a) : older(a, b);
    });
    std::vector<std::int32_t> sizes;
    std::int32_t added = 0;
    for (const ReplicaSet* set : running) {
      const std::int32_t part = proportion(*set, *deployment_, to_add, added);
      sizes.push_back(replicas_of(*set) + part);
      added += part;
    }
    sizes.front() = std::max(0, sizes.front() + to_add - added);
    for (std::size_t i = 0; i < running.size(); ++i) resize(*running[i], sizes[i]);
  }

  Plan roll() {
    if (!new_) return make_new();
    sync_revision();
    if (!grow_new() && !shrink_old() && is_complete(*deployment_, deployment_->status)) clean_up();
    return finish(rollout_status());
  }

  bool grow_new() { return scale(*new_, new_size(sum(all_, wanted), replicas_of(*new_))); }

  // The size that surge allows the new replica set, when it has `now` of `total` pods.
  std::int32_t new_size(std::int32_t total, std::int32_t size) const {
    const std::int32_t replicas = replicas_of(*deployment_);
    if (!is_rolling(*deployment_) || size > replicas) return replicas;
    const auto* rolling = deployment_->spec.strategy.rollingUpdate.get();
    const std::int32_t most = replicas + (rolling ? scaled_value(rolling->maxSurge, replicas, true) : 0);
    return total >= most ? size : size + std::min(most - total, replicas - size);
  }

  // By upstream's rules, but of each status only what lasts counts: one that lags behind the size of its replica set would have pods taken
  // twice, and more be unavailable than may be.
  bool shrink_old() {
    const Sets old = active(old_);
    if (old.empty() || std::any_of(all_.begin(), all_.end(), is_uncertain)) return false;
    const std::int32_t least = replicas_of(*deployment_) - max_unavailable(*deployment_);
    const std::int32_t unavailable_new = replicas_of(*new_) - lasting(*new_);
    const std::int32_t most = sum(all_, wanted) - least - unavailable_new;
    if (most <= 0) return false;
    const bool cleaned = shrink(old, most, [](const ReplicaSet& set) { return replicas_of(set) - lasting(set); });
    return shrink(old, sum(all_, lasting) - least, wanted) || cleaned;
  }

  // Takes up to `most` pods from the oldest first, from each at most what `part` gives.
  template <class Part>
  bool shrink(const Sets& sets, std::int32_t most, Part part) {
    bool any = false;
    for (ReplicaSet* set : sets) {
      const std::int32_t count = std::min({most, part(*set), replicas_of(*set)});
      if (count <= 0) continue;
      any |= scale(*set, replicas_of(*set) - count);
      most -= count;
    }
    return any;
  }

  Plan recreate() {
    sync_revision();
    bool scaled = false;
    for (ReplicaSet* set : active(old_)) scaled |= scale(*set, 0);
    if (scaled || old_pods_run()) return finish(rollout_status());
    if (!new_) return make_new();
    scale(*new_, replicas_of(*deployment_));
    if (is_complete(*deployment_, deployment_->status)) clean_up();
    return finish(rollout_status());
  }

  bool old_pods_run() const {
    return std::any_of(old_.begin(), old_.end(), [&](const ReplicaSet* set) {
      return set->status.replicas > 0 || observed_.with_running_pods.contains(set->metadata.uid.str());
    });
  }

  Plan make_new() {
    const auto& d = *deployment_;
    const std::string hash = template_hash(d.spec.template_, d.status.collisionCount ? std::optional(*d.status.collisionCount) : std::nullopt);
    auto set = std::make_shared<ReplicaSet>();
    set->spec.template_ = d.spec.template_;
    set->spec.template_.metadata.labels.set(appsv1::DefaultDeploymentUniqueLabelKey, api::Str(hash));
    set->spec.selector = d.spec.selector;
    set->spec.selector.ensure().matchLabels.set(appsv1::DefaultDeploymentUniqueLabelKey, api::Str(hash));
    set->spec.minReadySeconds = d.spec.minReadySeconds;
    set->spec.replicas = new_size(sum(old_, wanted), 0);
    set->metadata.name = d.metadata.name.str() + "-" + hash;
    set->metadata.namespace_ = d.metadata.namespace_;
    set->metadata.labels = set->spec.template_.metadata.labels;
    set->metadata.ownerReferences.push_back(controller_reference(d));
    annotate(*set, d, next_revision(), true);

    Plan plan;
    Action& action = plan.act(informer::create_request(set));
    action.accept = {"AlreadyExists"};
    if (replicas_of(*set) > 0)
      action.on_success = Event{observed_.deployment, event_normal, "ScalingReplicaSet",
                                "Scaled up replica set {} from 0 to " + std::to_string(replicas_of(*set))};
    plan.then = [observed = observed_, deployment = deployment_, now = now_, set](const Outcome& outcome) {
      return Pass(observed, deployment, now).after_creation(set, outcome);
    };
    return plan;
  }

  Plan after_creation(const std::shared_ptr<ReplicaSet>& set, const Outcome& outcome) {
    const Result<ObjectPtr>& answer = outcome.answers.front().object;
    if (answer.ok()) {
      if (has_progress_deadline(*deployment_))
        set_progressing("True", "NewReplicaSetCreated", "Created new replica set " + quoted(set->metadata.name));
      return with(std::static_pointer_cast<const ReplicaSet>(*answer));
    }
    if (informer::is_already_exists(answer.error())) return look_at_existing(set, answer.error());
    Plan plan;
    if (!outcome.failure) return plan;  // the namespace is being deleted
    const std::string message = "Failed to create new replica set " + quoted(set->metadata.name) + ": " + answer.error().message;
    plan.record(observed_.deployment, event_warning, "ReplicaSetCreateError", message);
    if (has_progress_deadline(*deployment_)) {
      set_progressing("False", "ReplicaSetCreateError", message);
      plan.act(informer::update_status_request(deployment_));
    }
    plan.retry = outcome.failure;
    return plan;
  }

  // Ours, made before the cache showed it; or another one whose hash is the same.
  Plan look_at_existing(const std::shared_ptr<ReplicaSet>& set, const Error& error) {
    Plan plan;
    plan.act(informer::get_request(informer::resource_of<ReplicaSet>(), set->metadata.namespace_, set->metadata.name));
    plan.then = [observed = observed_, deployment = deployment_, now = now_, error](const Outcome& outcome) {
      Plan failed;
      if (outcome.failure) {
        failed.retry = outcome.failure;
        return failed;
      }
      const auto existing = std::static_pointer_cast<const ReplicaSet>(*outcome.answers.front().object);
      const metav1::OwnerReference* owner = informer::controller_ref(*existing);
      if (owner && owner->uid == deployment->metadata.uid && same_template(existing->spec.template_, deployment->spec.template_))
        return Pass(observed, deployment, now).with(existing);
      deployment->status.collisionCount = deployment->status.collisionCount.value_or(0) + 1;
      failed.act(informer::update_status_request(deployment));
      failed.retry = error;
      return failed;
    };
    return plan;
  }

  // The pass again, now that the new replica set is there.
  Plan with(std::shared_ptr<const ReplicaSet> made) {
    observed_.replica_sets.push_back(std::move(made));
    return Pass(observed_, deployment_, now_).run();
  }

  // Old replica sets beyond the limit that have neither pods nor use for any.
  void clean_up() {
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

  RolloutView view() const { return {*observed_.deployment, *deployment_, all_, old_, new_, now_.wall}; }
  appsv1::DeploymentStatus base_status() const { return counted_status(view()); }
  appsv1::DeploymentStatus rollout_status() {
    appsv1::DeploymentStatus status = deployment::rollout_status(view());
    judge_revision(status);
    return status;
  }

  void judge_revision(appsv1::DeploymentStatus& status) {
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

  void go_back(appsv1::DeploymentStatus& status, const std::string& why) {
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

  Plan finish(appsv1::DeploymentStatus status) {
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
          Event{observed_.deployment, event_normal, "DeploymentRollback",
                "Rolled back deployment " + quoted(deployment_->metadata.name) + " to revision " + std::to_string(revision_of(*back_to_))};
    if (nowhere_to_go_)
      plan.record(observed_.deployment, event_warning, "DeploymentRollbackRevisionNotFound", "Unable to find a revision that was complete to roll back to.");
    watch_deadline(plan);
    return plan;
  }

  void write_sets(Stage& stage) {
    for (const auto& set : owned_) {
      if (!changed_.contains(set.get())) continue;
      Action& action = stage.actions.emplace_back();
      action.request = informer::update_request(set);
      const auto scaled = scaled_.find(set.get());
      if (scaled == scaled_.end()) continue;
      const std::int32_t from = scaled->second, to = replicas_of(*set);
      action.on_success = Event{observed_.deployment, event_normal, "ScalingReplicaSet",
                                std::string("Scaled ") + (to > from ? "up" : "down") + " replica set " + set->metadata.name.str() + " from " +
                                    std::to_string(from) + " to " + std::to_string(to)};
    }
  }

  void watch_deadline(Plan& plan) const {
    const auto& status = deployment_->status;
    const auto* progressing = condition(status, appsv1::DeploymentProgressing);
    if (!has_progress_deadline(*deployment_) || deployment_->spec.paused || deployment_->metadata.deletionTimestamp || !progressing) return;
    if (is_complete(*deployment_, status) || progressing->reason == "ProgressDeadlineExceeded" || progressing->reason == "NewReplicaSetAvailable") return;
    plan.come_again(std::max<Duration>(deadline(*deployment_, *progressing) - now_.wall, Duration::zero()) + std::chrono::seconds(1));
  }

  Observed observed_;
  Now now_;
  std::shared_ptr<Deployment> deployment_;  // being changed
  std::vector<std::shared_ptr<ReplicaSet>> owned_;
  Sets all_, old_;  // oldest first
  ReplicaSet* new_ = nullptr;
  std::set<const ReplicaSet*> changed_;
  std::map<const ReplicaSet*, std::int32_t> scaled_;  // from which size
  std::vector<const ReplicaSet*> doomed_;
  const ReplicaSet* back_to_ = nullptr;  // the revision to roll back to
  bool nowhere_to_go_ = false;           // it would be rolled back, but to what?
};

}  // namespace

Plan decide(const Observed& observed, const Now& now) {
  return Pass(observed, std::static_pointer_cast<Deployment>(api::clone(*observed.deployment)), now).run();
}

}  // namespace plumb::controllers::deployment
