#include "reference/controllers/statefulset/decide.h"

#include <algorithm>

#include "harness/base/metrics.h"
#include "reference/controllers/framework/count_or_percent.h"
#include "reference/controllers/framework/pods.h"
#include "reference/controllers/statefulset/identity.h"
#include "reference/controllers/statefulset/pod_steps.h"
#include "reference/controllers/statefulset/retention.h"

namespace plumb::controllers::statefulset {

namespace {

using appsv1::StatefulSet;

// The place of one ordinal: a pod that is there, or one that is to be made.
struct Replica {
  PodPtr pod;
  std::shared_ptr<corev1::Pod> made;
  const corev1::Pod& get() const { return pod ? *pod : *made; }
};

class Pass {
 public:
  Pass(const Observed& observed, const Revisions& revisions, const Now& now)
      : observed_(observed), revisions_(revisions), set_(*observed.set), now_(now), steps_(observed.set) {
    monotonic_ = set_.spec.podManagementPolicy != appsv1::ParallelPodManagement;
  }

  Plan run() {
    place_pods();
    note_limits();
    if (!set_.metadata.deletionTimestamp) decide_pods();
    Plan plan = std::move(steps_).plan([observed = observed_, revisions = revisions_, now = now_](const PodSteps::Done& done) {
      return Pass(observed, revisions, now).finish(done);
    });
    return plan;
  }

 private:
  std::int64_t count_unavailable() const {
    return std::count_if(replicas_.begin(), replicas_.end(), [&](const Replica& replica) { return unavailable(replica.get()); });
  }

  void note_limits() const {
    const metrics::Labels labels{{"statefulset_namespace", set_.metadata.namespace_.str()},
                                 {"statefulset_name", set_.metadata.name.str()},
                                 {"pod_management_policy", set_.spec.podManagementPolicy.str()}};
    metrics::gauge("statefulset_controller_statefulset_max_unavailable", "Maximum number of unavailable pods allowed during StatefulSet rolling updates", labels).set(max_unavailable());
    metrics::gauge("statefulset_controller_statefulset_unavailable_replicas", "Current number of unavailable pods in StatefulSet", labels)
        .set(static_cast<double>(count_unavailable()));
  }

  void decide_pods() {
    if (!keep_replicas() || steps_.failed()) return;
    fix_condemned_claims();
    if (!delete_condemned() || set_.spec.updateStrategy.type == appsv1::OnDeleteStatefulSetStrategyType) return;
    roll();
  }

  void place_pods() {
    replicas_.resize(static_cast<std::size_t>(std::max(replicas_of(set_), 0)));
    for (const PodPtr& pod : observed_.pods) {
      const std::int32_t ordinal = ordinal_of(*pod);
      if (in_range(set_, ordinal)) replicas_[static_cast<std::size_t>(ordinal - start_of(set_))].pod = pod;
      else if (ordinal >= 0) condemned_.push_back(pod);
    }
    std::sort(condemned_.begin(), condemned_.end(), [](const PodPtr& a, const PodPtr& b) { return ordinal_of(*a) > ordinal_of(*b); });
    for (std::size_t i = 0; i < replicas_.size(); ++i)
      if (!replicas_[i].pod) replicas_[i].made = make(start_of(set_) + static_cast<std::int32_t>(i));
  }

  // Below the partition pods stay at the current revision, also those that come anew. Without a partition those do that the update, coming
  // from the highest place down, has not reached; but in parallel management it reaches at once whatever does not serve (see roll), and a new
  // pod of the current revision would be removed and made without end.
  std::shared_ptr<corev1::Pod> make(std::int32_t ordinal) const {
    const auto& strategy = set_.spec.updateStrategy;
    const std::int32_t place = ordinal - start_of(set_);
    const bool rolls = strategy.type == appsv1::RollingUpdateStatefulSetStrategyType;
    const bool stays = strategy.rollingUpdate ? place < partition() : rolls && monotonic_ && place < set_.status.currentReplicas;
    if (stays && revisions_.current != revisions_.update)
      if (const auto current = template_in(*revisions_.current)) return new_pod(set_, *current, ordinal, revisions_.current->metadata.name);
    return new_pod(set_, set_.spec.template_, ordinal, (stays ? revisions_.current : revisions_.update)->metadata.name);
  }

  std::int32_t partition() const {
    const auto& rolling = set_.spec.updateStrategy.rollingUpdate;
    return rolling ? rolling->partition.value_or(0) : 0;
  }

  bool available(const corev1::Pod& pod) const { return is_available(pod, set_.spec.minReadySeconds, now_.wall); }
  bool serves(const corev1::Pod& pod) const { return pod.status.phase == corev1::PodRunning && is_ready(pod); }
  bool unavailable(const corev1::Pod& pod) const { return !available(pod) || pod.metadata.deletionTimestamp; }

  // False where a pod must be waited for before anything else happens.
  bool keep_replicas() {
    for (Replica& replica : replicas_)
      if (!keep(replica) && monotonic_) return false;
    return true;
  }

  bool keep(Replica& replica) {
    if (!replica.pod) return make_now(replica);
    const corev1::Pod& pod = *replica.pod;
    if (is_terminal(pod)) {
      // Made anew once it is gone.
      if (!pod.metadata.deletionTimestamp) steps_.remove(pod);
      return false;
    }
    const bool pending = pod.status.phase == corev1::PodPending;
    if (pending) {
      make_claims(pod);
      fix_claims(pod);
      steps_.close();
    }
    if (monotonic_ && (pod.metadata.deletionTimestamp || !serves(pod) || !available(pod))) return false;
    if (!pending) fix_claims(pod);
    restore(pod);
    return true;
  }

  bool make_now(Replica& replica) {
    const PodIdentity identity = identity_of(*replica.made);
    for (const auto& wanted : claims_for(set_, ordinal_of(*replica.made))) {
      const auto found = observed_.claims.find(wanted->metadata.name.view());
      if (found == observed_.claims.end()) continue;
      if (is_stale(*found->second, set_, identity)) return false;
      if (found->second->metadata.deletionTimestamp) {
        steps_.cannot_create(identity.name, "pvc " + wanted->metadata.name.str() + " is being deleted");
        return false;
      }
    }
    make_claims(*replica.made);
    fix_claims(*replica.made);
    steps_.create(replica.made);
    return !monotonic_;
  }

  PodIdentity identity_of(const corev1::Pod& pod) const {
    return {pod.metadata.name.str(), pod.metadata.uid.str(), !in_range(set_, ordinal_of(pod))};
  }

  // Those that are missing.
  void make_claims(const corev1::Pod& pod) {
    for (auto& wanted : claims_for(set_, ordinal_of(pod)))
      if (!observed_.claims.contains(wanted->metadata.name.view())) steps_.create_claim(std::move(wanted), pod.metadata.name);
  }

  // The owners of those that are there.
  void fix_claims(const corev1::Pod& pod) {
    const PodIdentity identity = identity_of(pod);
    for (const auto& claim_template : set_.spec.volumeClaimTemplates) {
      const auto found = observed_.claims.find(claim_name(set_, claim_template, ordinal_of(pod)));
      if (found == observed_.claims.end() || owners_match(*found->second, set_, identity)) continue;
      auto claim = std::static_pointer_cast<corev1::PersistentVolumeClaim>(api::clone(*found->second));
      set_owners(*claim, set_, identity);
      steps_.update_claim(std::move(claim));
    }
  }

  // What must hold for a pod of the set, whoever changed it.
  void restore(const corev1::Pod& pod) {
    if (identity_matches(set_, pod) && storage_matches(set_, pod)) return steps_.close();
    if (!storage_matches(set_, pod) && pod.status.phase != corev1::PodPending) make_claims(pod);
    auto next = std::static_pointer_cast<corev1::Pod>(api::clone(pod));
    repair(set_, *next);
    steps_.update(std::move(next));
  }

  void fix_condemned_claims() {
    for (const PodPtr& pod : condemned_) fix_claims(*pod);
  }

  // From the highest ordinal down. False where a pod must be waited for.
  bool delete_condemned() {
    const corev1::Pod* first = first_unavailable();
    bool all_known = true;
    for (const PodPtr& pod : condemned_) {
      if (pod->metadata.deletionTimestamp) {
        if (monotonic_) return wait();
        continue;
      }
      if (monotonic_ && pod.get() != first && (!serves(*pod) || !available(*pod))) return wait();
      steps_.remove(*pod);
      if (monotonic_) return false;
      all_known = false;
    }
    steps_.close();
    return all_known || !monotonic_;
  }
  bool wait() {
    steps_.close();
    return false;
  }

  // Of all ordinals the lowest whose pod is not available: it may go before those below it are.
  const corev1::Pod* first_unavailable() const {
    for (const Replica& replica : replicas_)
      if (unavailable(replica.get())) return &replica.get();
    for (auto pod = condemned_.rbegin(); pod != condemned_.rend(); ++pod)
      if (unavailable(**pod)) return pod->get();
    return nullptr;
  }

  std::int32_t max_unavailable() const {
    const auto& rolling = set_.spec.updateStrategy.rollingUpdate;
    if (!rolling || !rolling->maxUnavailable) return 1;
    return std::max(1, scaled_value(rolling->maxUnavailable, replicas_of(set_), false));
  }

  bool is_outdated(const corev1::Pod& pod) const {
    return revision_of(pod) != revisions_.update->metadata.name.view() && !pod.metadata.deletionTimestamp;
  }

  // Pods of another revision go, from the highest place down to the partition, as long as no more than maxUnavailable are missing.
  // In parallel management those that serve nobody anyhow go first and beyond that limit, so that a broken update cannot hold up its repair.
  void roll() {
    std::int64_t budget = max_unavailable() - count_unavailable();
    for (std::size_t place = replicas_.size(); place-- > static_cast<std::size_t>(partition());) {
      const Replica& replica = replicas_[place];
      if (!replica.pod || !is_outdated(*replica.pod) || is_terminal(*replica.pod)) continue;
      if (!monotonic_ && !available(*replica.pod)) steps_.remove(*replica.pod, true);
    }
    for (std::size_t place = replicas_.size(); budget > 0 && place-- > static_cast<std::size_t>(partition());) {
      const Replica& replica = replicas_[place];
      if (!replica.pod || !is_outdated(*replica.pod) || (!monotonic_ && !available(*replica.pod))) continue;
      steps_.remove(*replica.pod, true);
      --budget;
    }
  }

  appsv1::StatefulSetStatus status(const PodSteps::Done& done) const {
    appsv1::StatefulSetStatus next = set_.status;
    next.observedGeneration = set_.metadata.generation;
    next.currentRevision = revisions_.current->metadata.name;
    next.updateRevision = revisions_.update->metadata.name;
    next.collisionCount = revisions_.collisions;
    next.replicas = static_cast<std::int32_t>(observed_.pods.size());
    next.readyReplicas = next.availableReplicas = next.currentReplicas = next.updatedReplicas = 0;
    for (const PodPtr& pod : observed_.pods) {
      next.readyReplicas += serves(*pod);
      next.availableReplicas += serves(*pod) && available(*pod);
      if (pod->metadata.deletionTimestamp) continue;
      next.currentReplicas += revision_of(*pod) == next.currentRevision.view();
      next.updatedReplicas += revision_of(*pod) == next.updateRevision.view();
    }
    next.currentReplicas = std::max(0, next.currentReplicas - done.removed_for_update);
    const std::int32_t wanted = replicas_of(set_);
    if (set_.spec.updateStrategy.type == appsv1::RollingUpdateStatefulSetStrategyType && next.updatedReplicas == wanted &&
        next.readyReplicas == wanted && next.replicas == wanted) {
      next.currentReplicas = next.updatedReplicas;
      next.currentRevision = next.updateRevision;
    }
    return next;
  }

  Plan finish(const PodSteps::Done& done) const {
    Plan plan;
    auto next = std::static_pointer_cast<StatefulSet>(api::clone(set_));
    next->status = status(done);
    if (!(next->status == set_.status)) plan.act(informer::update_status_request(std::move(next)));
    std::vector<std::string_view> live;
    for (const PodPtr& pod : observed_.pods) {
      live.push_back(revision_of(*pod));
      if (const auto wait = available_in(*pod, set_.spec.minReadySeconds, now_.wall)) plan.come_again(*wait);
    }
    truncate(plan, set_, revisions_, live);
    plan.retry = done.failure;
    return plan;
  }

  const Observed observed_;
  const Revisions revisions_;
  const StatefulSet& set_;
  const Now now_;
  bool monotonic_ = true;
  std::vector<Replica> replicas_;    // by place: the ordinal less the first
  std::vector<PodPtr> condemned_;    // beyond the replicas, highest ordinal first
  PodSteps steps_;
};

}  // namespace

Plan decide(const Observed& observed, const Revisions& revisions, const Now& now) { return Pass(observed, revisions, now).run(); }

}  // namespace plumb::controllers::statefulset
