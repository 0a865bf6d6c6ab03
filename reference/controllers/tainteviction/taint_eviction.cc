// The controller "taint-eviction-controller": pods leave nodes with taints of effect NoExecute that they do not tolerate, at once, or when
// the time that they tolerate them for is over. Time counts from when the taint was added or the pod came, whichever is later.
#include <algorithm>

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/controller.h"
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

// When the pod has to leave because of this taint; nullopt: never.
std::optional<WallTime> leaves_at(const corev1::Pod& pod, const corev1::Taint& taint, const Now& now) {
  const corev1::PodCondition* scheduled = condition(pod, corev1::PodScheduled);
  WallTime since = taint.timeAdded ? taint.timeAdded.wall() : now.wall;
  if (scheduled && scheduled->lastTransitionTime) since = std::max(since, scheduled->lastTransitionTime.wall());
  std::optional<std::int64_t> shortest;
  bool tolerated = false;
  for (const corev1::Toleration& toleration : pod.spec.tolerations) {
    if (!tolerates(toleration, taint)) continue;
    tolerated = true;
    if (!toleration.tolerationSeconds) continue;
    const std::int64_t seconds = std::max<std::int64_t>(*toleration.tolerationSeconds, 0);
    shortest = shortest ? std::min(*shortest, seconds) : seconds;
  }
  if (!tolerated) return now.wall;
  if (!shortest) return std::nullopt;
  return since + std::chrono::seconds(*shortest);
}

Plan evict(const PodPtr& pod) {
  Plan plan;
  plan.record(pod, informer::event_normal, "TaintManagerEviction", "Marking for deletion Pod " + object_key(*pod));
  Action& mark = plan.act(informer::patch_request(
      informer::resource_of<corev1::Pod>(), pod->metadata.namespace_, pod->metadata.name, informer::PatchType::strategic,
      "{\"metadata\":{\"uid\":\"" + pod->metadata.uid.str() +
          "\"},\"status\":{\"conditions\":[{\"type\":\"DisruptionTarget\",\"status\":\"True\",\"reason\":\"DeletionByTaintManager\","
          "\"message\":\"The node has a NoExecute taint that the pod does not tolerate\"}]}}",
      "status"));
  mark.accept = {"NotFound", "Conflict"};
  Action& removal = plan.act(informer::remove_request(informer::resource_of<corev1::Pod>(), pod->metadata.namespace_, pod->metadata.name,
                                                      informer::only_this(*pod)));
  removal.accept = {"NotFound", "Conflict"};
  return plan;
}

Plan decide(const PodPtr& pod, const NodePtr& node, const Now& now) {
  Plan plan;
  if (!pod || !node || pod->metadata.deletionTimestamp || is_terminal(*pod)) return plan;
  std::optional<WallTime> first;
  for (const corev1::Taint& taint : node->spec.taints) {
    if (!evicts(taint)) continue;
    const auto when = leaves_at(*pod, taint, now);
    if (when && (!first || *when < *first)) first = when;
  }
  if (!first) return plan;
  if (*first <= now.wall) return evict(pod);
  plan.come_again(*first - now.wall);
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
      if (!after || !has_evicting_taint(*after) || (before && before->spec.taints == after->spec.taints)) return;
      for (const PodPtr& pod : pods_.by_index(informer::index::by_node, after->metadata.name)) watches_->queue.add(object_key(*pod));
    });
    watches.watch<corev1::Pod>([this](const PodPtr& before, const PodPtr& after) {
      if (!after || after->spec.nodeName.empty()) return;
      if (before && before->spec.nodeName == after->spec.nodeName && before->spec.tolerations == after->spec.tolerations) return;
      const NodePtr node = nodes_.get(after->spec.nodeName);
      if (node && has_evicting_taint(*node)) watches_->queue.add(object_key(*after));
    });
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    const PodPtr pod = pods_.get(key);
    return decide(pod, pod ? nodes_.get(pod->spec.nodeName) : nullptr, now);
  }

 private:
  Watches* watches_ = nullptr;
  informer::Lister<corev1::Node> nodes_;
  informer::Lister<corev1::Pod> pods_;
};

const Registered<Controller> registered{"taint-eviction-controller", [] { return std::make_unique<TaintEviction>(); }};

}  // namespace

}  // namespace plumb::controllers::tainteviction
