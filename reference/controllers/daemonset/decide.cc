#include "reference/controllers/daemonset/decide.h"

#include <algorithm>

#include "reference/controllers/daemonset/node_pods.h"
#include "reference/controllers/framework/pod_actions.h"
#include "reference/controllers/framework/pods.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::daemonset {

namespace {

using appsv1::DaemonSet;

class Pass {
 public:
  Pass(const Observed& observed, const History& history, const FailedPods& failures, const Now& now)
      : observed_(observed), set_(*observed.set), history_(history), failures_(failures), now_(now), pods_(observed) {}

  Decision run() {
    Decision decision;
    if (!observed_.expectations_satisfied) {
      // What was asked for is not all seen yet: counted, but the generation does not pass for looked at.
      write_status(decision.plan, set_.status.observedGeneration);
      return decision;
    }
    Changes changes = manage();
    const bool rolls = set_.spec.updateStrategy.type == appsv1::RollingUpdateDaemonSetStrategyType;
    if (changes.none() && rolls) {
      Changes update = roll(set_, pods_, history_.hash(), now_);
      changes.create_on = std::move(update.create_on);
      changes.remove = std::move(update.remove);
    }
    decision.failed_on = std::move(changes.failed_on);
    Plan& plan = decision.plan;
    plan.events = std::move(changes.events);
    if (changes.again) plan.come_again(*changes.again);
    come_again_for_availability(plan);
    if (changes.none()) {
      finish(plan);
      return decision;
    }
    plan.stages.push_back(stage_of(changes));
    plan.then = [pass = std::make_shared<Finishing>(*this)](const Outcome& outcome) { return pass->after(outcome); };
    return decision;
  }

 private:
  // Holds what the pass refers to until the answers are there.
  struct Finishing {
    explicit Finishing(const Pass& pass) : observed(pass.observed_), history(pass.history_), failures(pass.failures_), now(pass.now_) {}
    Plan after(const Outcome& outcome) const {
      Plan plan;
      Pass(observed, history, failures, now).finish(plan);
      plan.retry = outcome.failure;
      return plan;
    }
    const Observed observed;
    const History history;
    const FailedPods& failures;
    const Now now;
  };

  // Pods missing, failed, in excess or where they do not belong.
  Changes manage() const {
    Changes changes;
    for (const auto& [name, place] : pods_.places()) {
      if (!place.node) {
        // Nothing else ever removes a pod that waits for a node which is gone.
        for (const PodPtr& pod : place.pods)
          if (pod->spec.nodeName.empty() && !pod->metadata.deletionTimestamp) changes.remove.push_back(pod);
      } else if (place.verdict.run && place.pods.empty()) {
        changes.create_on.push_back(name);
      } else if (place.verdict.stay) {
        keep_one(name, place, changes);
      } else {
        for (const PodPtr& pod : place.pods)
          if (!pod->metadata.deletionTimestamp) changes.remove.push_back(pod);
      }
    }
    return changes;
  }

  void keep_one(std::string_view name, const NodePods::Place& place, Changes& changes) const {
    std::vector<PodPtr> running;
    for (const PodPtr& pod : place.pods) {
      if (pod->metadata.deletionTimestamp) continue;
      if (pod->status.phase == corev1::PodFailed) replace_failed(name, pod, changes);
      else if (pod->status.phase == corev1::PodSucceeded) replace_succeeded(name, pod, changes);
      else running.push_back(pod);
    }
    if (!allows_surge(set_)) {
      if (running.size() > 1) changes.remove.insert(changes.remove.end(), running.begin() + 1, running.end());
    } else if (running.empty()) {
      if (place.verdict.run) changes.create_on.push_back(name);
    } else if (running.size() > 1) {
      keep_pair(running, changes);
    }
  }

  // With surge an old pod may stand beside a new one until the new one is available, as long as the old one is ready.
  void keep_pair(const std::vector<PodPtr>& running, Changes& changes) const {
    PodPtr fresh, old;
    for (const PodPtr& pod : running) {
      const api::Str* hash = pod->metadata.labels.find(revision_hash_label);
      PodPtr& slot = hash && *hash == history_.hash() ? fresh : old;
      if (slot) changes.remove.push_back(pod);
      else slot = pod;
    }
    if (fresh && old && (!is_ready(*old) || is_available(*fresh, set_.spec.minReadySeconds, now_.wall))) changes.remove.push_back(old);
  }

  void replace_failed(std::string_view node, const PodPtr& pod, Changes& changes) const {
    if (const auto wait = failures_.wait(set_.metadata.uid, set_.status.observedGeneration, node, now_.steady)) return changes.come_again(*wait);
    changes.failed_on.emplace_back(node);
    changes.events.push_back({observed_.set, informer::event_warning, "FailedDaemonPod",
                              "Found failed daemon pod " + informer::object_key(*pod) + " on node " + std::string(node) + ", will try to kill it"});
    changes.remove.push_back(pod);
  }

  void replace_succeeded(std::string_view node, const PodPtr& pod, Changes& changes) const {
    changes.events.push_back({observed_.set, informer::event_normal, "SucceededDaemonPod",
                              "Found succeeded daemon pod " + informer::object_key(*pod) + " on node " + std::string(node) + ", will try to delete it"});
    changes.remove.push_back(pod);
  }

  // Deletions stand first: creations that are refused, by a quota for one, must not hold them up.
  Stage stage_of(const Changes& changes) const {
    Stage stage;
    stage.slow_start = true;
    stage.expect_for = informer::object_key(set_);
    for (std::size_t i = 0; i < std::min(changes.remove.size(), burst); ++i) stage.actions.push_back(delete_pod(*changes.remove[i], observed_.set));
    const auto base = pod_for_any_node(set_, history_.hash());
    for (std::size_t i = 0; i < std::min(changes.create_on.size(), burst); ++i) {
      auto pod = std::make_shared<corev1::Pod>(*base);
      tie_to_node(pod->spec, changes.create_on[i]);
      stage.actions.push_back(create_pod(std::move(pod), observed_.set));
    }
    return stage;
  }

  void come_again_for_availability(Plan& plan) const {
    for (const PodPtr& pod : observed_.pods)
      if (const auto wait = available_in(*pod, set_.spec.minReadySeconds, now_.wall)) plan.come_again(*wait);
  }

  void finish(Plan& plan) const {
    clean_up(plan, set_, history_, observed_.pods);
    write_status(plan, set_.metadata.generation);
  }

  void write_status(Plan& plan, std::int64_t observed_generation) const {
    appsv1::DaemonSetStatus next = set_.status;
    next.observedGeneration = observed_generation;
    next.desiredNumberScheduled = pods_.desired();
    next.currentNumberScheduled = next.numberMisscheduled = next.numberReady = next.updatedNumberScheduled = next.numberAvailable = 0;
    const auto generation = template_generation(set_);
    for (const auto& [name, place] : pods_.places()) {
      if (place.pods.empty() || !place.node) continue;
      if (!place.verdict.run) {
        ++next.numberMisscheduled;
        continue;
      }
      const corev1::Pod& first = *place.pods.front();
      ++next.currentNumberScheduled;
      next.numberReady += is_ready(first);
      next.numberAvailable += is_available(first, set_.spec.minReadySeconds, now_.wall);
      next.updatedNumberScheduled += is_updated(first, history_.hash(), generation);
    }
    next.numberUnavailable = next.desiredNumberScheduled - next.numberAvailable;
    if (next == set_.status) return;
    auto written = std::static_pointer_cast<DaemonSet>(api::clone(set_));
    written->status = std::move(next);
    plan.act(informer::update_status_request(std::move(written)));
  }

  const Observed& observed_;
  const DaemonSet& set_;
  const History& history_;
  const FailedPods& failures_;
  const Now now_;
  const NodePods pods_;
};

}  // namespace

Decision decide(const Observed& observed, const History& history, const FailedPods& failures, const Now& now) {
  return Pass(observed, history, failures, now).run();
}

}  // namespace plumb::controllers::daemonset
