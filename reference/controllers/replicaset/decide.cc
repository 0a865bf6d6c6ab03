#include "reference/controllers/replicaset/replicaset.h"

#include "reference/controllers/framework/pods.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::replicaset {

namespace {

Result<api::LabelSelector> selector_of_set(const appsv1::ReplicaSet& owner) { return controllers::selector_of(owner.spec.selector.get()); }

Result<api::LabelSelector> selector_of_set(const corev1::ReplicationController& owner) {
  if (owner.spec.selector.empty()) return api::LabelSelector::nothing();
  metav1::LabelSelector selector;
  selector.matchLabels = owner.spec.selector;
  return controllers::selector_of(&selector);
}

const corev1::PodTemplateSpec* template_of(const appsv1::ReplicaSet& owner) { return &owner.spec.template_; }
const corev1::PodTemplateSpec* template_of(const corev1::ReplicationController& owner) { return owner.spec.template_.get(); }

void set_terminating(appsv1::ReplicaSetStatus& status, std::int32_t terminating) { status.terminatingReplicas = terminating; }
void set_terminating(corev1::ReplicationControllerStatus&, std::int32_t) {}

// The write that brings the status up to date; nothing when it is.
template <class Owner>
void write_status(Plan& plan, const std::shared_ptr<const Owner>& owner, const Desired& desired, const Observed& observed,
                  const std::optional<Error>& failure, const Now& now) {
  auto next = std::static_pointer_cast<Owner>(api::clone(*owner));
  const Counts counts = count(desired, observed, now);
  next->status.replicas = counts.replicas;
  next->status.fullyLabeledReplicas = counts.fully_labeled;
  next->status.readyReplicas = counts.ready;
  next->status.availableReplicas = counts.available;
  set_terminating(next->status, counts.terminating);
  // What has been deleted may still be counted: whoever relies on the numbers of this size has to wait.
  if (observed.expectations_satisfied) next->status.observedGeneration = owner->metadata.generation;
  set_failure(next->status.conditions, failure, counts.replicas - desired.replicas, now);
  if (!(next->status == owner->status)) plan.act(informer::update_status_request(std::move(next)));
}

}  // namespace

template <class Owner>
Plan decide(const std::shared_ptr<const Owner>& owner, const std::vector<PodPtr>& candidates, const std::vector<PodPtr>& related,
            bool expectations_satisfied, const Now& now) {
  Plan plan;
  const Result<api::LabelSelector> selector = selector_of_set(*owner);
  const corev1::PodTemplateSpec* pod_template = template_of(*owner);
  if (!selector.ok() || !pod_template) return plan;  // validation refuses both; nothing can be done about it here
  auto claims = claim_all(*owner, *selector, candidates);
  if (!claims.actions.empty()) plan.stage().actions = std::move(claims.actions);

  const Desired desired{owner, owner->spec.replicas.value_or(1), owner->spec.minReadySeconds, pod_template};
  Observed observed;
  observed.expectations_satisfied = expectations_satisfied;
  observed.related = related;
  for (const PodPtr& pod : claims.kept) {
    if (is_active(*pod)) observed.pods.push_back(pod);
    if (!is_terminal(*pod) && pod->metadata.deletionTimestamp) observed.terminating.push_back(pod);
  }
  if (const auto wait = next_available(desired, observed, now)) plan.come_again(*wait);

  auto work = manage(desired, observed, now);
  if (!work && plan.stages.empty()) {
    write_status(plan, owner, desired, observed, std::nullopt, now);
    return plan;
  }
  if (work) plan.stages.push_back(std::move(*work));
  plan.then = [owner, desired, observed, now](const Outcome& outcome) {
    Plan after;
    write_status(after, owner, desired, observed, outcome.failure, now);
    after.retry = outcome.failure;
    return after;
  };
  return plan;
}

template Plan decide(const std::shared_ptr<const appsv1::ReplicaSet>&, const std::vector<PodPtr>&, const std::vector<PodPtr>&, bool, const Now&);
template Plan decide(const std::shared_ptr<const corev1::ReplicationController>&, const std::vector<PodPtr>&, const std::vector<PodPtr>&, bool,
                     const Now&);

}  // namespace plumb::controllers::replicaset
