// How a deployment comes by the replica set of its template.
#include "reference/controllers/deployment/pass.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::deployment {

using appsv1::ReplicaSet;

Plan Pass::make_new() {
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
    action.on_success = Event{observed_.deployment, informer::event_normal, "ScalingReplicaSet",
                              "Scaled up replica set {} from 0 to " + std::to_string(replicas_of(*set))};
  plan.then = [observed = observed_, deployment = deployment_, now = now_, set](const Outcome& outcome) {
    return Pass(observed, deployment, now).after_creation(set, outcome);
  };
  return plan;
}

Plan Pass::after_creation(const std::shared_ptr<ReplicaSet>& set, const Outcome& outcome) {
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
  plan.record(observed_.deployment, informer::event_warning, "ReplicaSetCreateError", message);
  if (has_progress_deadline(*deployment_)) {
    set_progressing("False", "ReplicaSetCreateError", message);
    plan.act(informer::update_status_request(deployment_));
  }
  plan.retry = outcome.failure;
  return plan;
}

// Ours, made before the cache showed it; or another one whose hash is the same.
Plan Pass::look_at_existing(const std::shared_ptr<ReplicaSet>& set, const Error& error) {
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
Plan Pass::with(std::shared_ptr<const ReplicaSet> made) {
  observed_.replica_sets.push_back(std::move(made));
  return Pass(observed_, deployment_, now_).run();
}

}  // namespace plumb::controllers::deployment
