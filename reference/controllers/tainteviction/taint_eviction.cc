// The controller "taint-eviction-controller": pods leave nodes with taints of effect NoExecute that they do not tolerate, at once, or when
// the time that they tolerate them for is over.
// As upstream, that time counts from when the controller sees the taint on the pod's node, not from the taint's timeAdded: the pod has it in
// full, and again after a restart. What has been scheduled stays, whatever other taints and tolerations come, until nothing asks for it.
#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/pod_actions.h"
#include "reference/controllers/framework/pods.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::tainteviction {

namespace {

using informer::object_key;
using NodePtr = std::shared_ptr<const corev1::Node>;
using PodPtr = std::shared_ptr<const corev1::Pod>;

bool evicts(const corev1::Taint& taint) { return taint.effect == corev1::TaintEffectNoExecute; }

bool has_evicting_taint(const corev1::Node& node) { return std::any_of(node.spec.taints.begin(), node.spec.taints.end(), evicts); }

bool tolerates(const corev1::Toleration& toleration, const corev1::Taint& taint) {
  if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  if (toleration.operator_ == corev1::TolerationOpExists) return true;
  return !toleration.key.empty() && toleration.value == taint.value;
}

// How long the pod may stay on the node from now on: zero where it does not tolerate a taint, nullopt: for ever. Of several tolerations of one
// taint the first counts.
std::optional<Duration> tolerated_time(const corev1::Pod& pod, const corev1::Node& node) {
  std::optional<Duration> shortest;
  for (const corev1::Taint& taint : node.spec.taints) {
    if (!evicts(taint)) continue;
    const auto& tolerations = pod.spec.tolerations;
    const auto first = std::find_if(tolerations.begin(), tolerations.end(), [&](const auto& toleration) { return tolerates(toleration, taint); });
    if (first == tolerations.end()) return Duration::zero();
    if (!first->tolerationSeconds) continue;
    // Bounded, so that no sum of times overflows.
    constexpr std::int64_t longest = 100LL * 365 * 24 * 3600;
    const Duration time = std::chrono::seconds(std::clamp<std::int64_t>(*first->tolerationSeconds, 0, longest));
    shortest = shortest ? std::min(*shortest, time) : time;
  }
  return shortest;
}

void evict(Plan& plan, const PodPtr& pod, WallTime now) {
  plan.record(pod, informer::event_normal, "TaintManagerEviction", "Marking for deletion Pod " + object_key(*pod));
  plan.stage().actions.push_back(mark_disrupted(*pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", now));
  Action& removal = plan.act(informer::remove_request(informer::resource_of<corev1::Pod>(), pod->metadata.namespace_, pod->metadata.name,
                                                      informer::only_this(*pod)));
  removal.accept = {"NotFound", "Conflict"};
}

struct Eviction {
  PodPtr pod;
  Instant due;
};

// Evictions to come, by the pods' keys. They go with the process. Safe from any thread.
class Schedule {
 public:
  std::optional<Eviction> find(const std::string& key) const {
    std::lock_guard lock(mutex_);
    const auto found = evictions_.find(key);
    return found == evictions_.end() ? std::nullopt : std::optional(found->second);
  }
  void set(const std::string& key, Eviction eviction) {
    std::lock_guard lock(mutex_);
    evictions_[key] = std::move(eviction);
  }
  void forget(const std::string& key) {
    std::lock_guard lock(mutex_);
    evictions_.erase(key);
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Eviction> evictions_;  // under mutex_
};

// One pass over a pod. `scheduled` is what was there before, and what is to be there afterwards.
Plan decide(const PodPtr& pod, const NodePtr& node, std::optional<Eviction>& scheduled, const Now& now) {
  Plan plan;
  const auto cancel = [&] {
    if (scheduled && scheduled->due > now.steady)
      plan.record(scheduled->pod, informer::event_normal, "TaintManagerEviction", "Cancelling deletion of Pod " + object_key(*scheduled->pod));
    scheduled.reset();
  };
  if (!pod || (scheduled && scheduled->pod->metadata.uid != pod->metadata.uid)) cancel();
  if (!pod) return plan;
  if (pod->metadata.deletionTimestamp || is_terminal(*pod)) {
    scheduled.reset();
    return plan;
  }
  // Of a node that is gone nothing more is known.
  const std::optional<Duration> time = node ? tolerated_time(*pod, *node) : scheduled ? std::optional(scheduled->due - now.steady) : std::nullopt;
  if (!time || *time == Duration::zero()) cancel();
  if (!time) return plan;
  if (!scheduled) scheduled = Eviction{pod, now.steady + *time};
  if (scheduled->due <= now.steady) {
    evict(plan, pod, now.wall);
  } else {
    plan.come_again(scheduled->due - now.steady);
  }
  return plan;
}

class TaintEviction final : public Controller {
 public:
  std::string component() const override { return "taint-eviction-controller"; }
  std::string account() const override { return "node-controller"; }
  std::string queue_name() const override { return "noexec_taint_pod"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"patch,update", "core", "pods/status"},
            {"delete,get,list,watch", "core", "pods"},
            apiserver::records_events};
  }
  int workers() const override { return 8; }

  void watch(Watches& watches) override {
    watches_ = &watches;
    watches.informer<corev1::Pod>().add_index(informer::index::by_node, informer::index::node_of);
    pods_ = watches.lister<corev1::Pod>();
    nodes_ = watches.watch<corev1::Node>([this](const NodePtr& before, const NodePtr& after) {
      if (!after || (before && before->spec.taints == after->spec.taints)) return;
      if (!has_evicting_taint(*after) && !(before && has_evicting_taint(*before))) return;
      for (const PodPtr& pod : pods_.by_index(informer::index::by_node, after->metadata.name)) watches_->queue.add(object_key(*pod));
    });
    watches.watch<corev1::Pod>([this](const PodPtr& before, const PodPtr& after) {
      if (!after && schedule_.find(object_key(*before))) watches_->queue.add(object_key(*before));
      if (!after || after->spec.nodeName.empty()) return;
      if (before && before->spec.nodeName == after->spec.nodeName && before->spec.tolerations == after->spec.tolerations) return;
      const NodePtr node = nodes_.get(after->spec.nodeName);
      if (node && has_evicting_taint(*node)) watches_->queue.add(object_key(*after));
    });
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    const PodPtr pod = pods_.get(key);
    std::optional<Eviction> scheduled = schedule_.find(key);
    Plan plan = decide(pod, pod ? nodes_.get(pod->spec.nodeName) : nullptr, scheduled, now);
    scheduled ? schedule_.set(key, std::move(*scheduled)) : schedule_.forget(key);
    return plan;
  }

 private:
  Watches* watches_ = nullptr;
  Schedule schedule_;
  informer::Lister<corev1::Node> nodes_;
  informer::Lister<corev1::Pod> pods_;
};

const Registered<Controller> registered{"taint-eviction-controller", [] { return std::make_unique<TaintEviction>(); }};

}  // namespace

}  // namespace plumb::controllers::tainteviction
