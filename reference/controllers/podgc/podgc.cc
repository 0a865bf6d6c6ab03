// The controller "pod-garbage-collector-controller": removes pods that nobody else will.
// - Pods on a node that does not exist, 40 s after that was noticed and the API has confirmed it.
// - Pods that are being deleted and were never on a node.
// - Pods that are being deleted on a node that is not ready and marked out of service.
// - The oldest finished pods beyond --terminated-pod-gc-threshold (12500; 0: never).
// Keys: "node/<name>", "pod/<namespace>/<name>", "finished".
#include <algorithm>

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/pod_actions.h"
#include "reference/controllers/framework/pods.h"

namespace plumb::controllers::podgc {

namespace {

using informer::object_key;
using NodePtr = std::shared_ptr<const corev1::Node>;
using PodPtr = std::shared_ptr<const corev1::Pod>;
using Pods = std::vector<PodPtr>;

constexpr Duration quarantine = std::chrono::seconds(40);
constexpr std::string_view finished_index = "finished", finished_key = "finished";

Action delete_now(const corev1::Pod& pod) {
  metav1::DeleteOptions options = informer::only_this(pod);
  options.gracePeriodSeconds = 0;
  Action action;
  action.request = informer::remove_request(informer::resource_of<corev1::Pod>(), pod.metadata.namespace_, pod.metadata.name, options);
  action.accept = {"NotFound", "Conflict"};
  return action;
}

// Says first that the pod did not end by itself.
Plan remove_all(const Pods& pods, std::string_view why, WallTime now) {
  Plan plan;
  Stage failed, gone;
  for (const PodPtr& pod : pods) {
    if (!is_terminal(*pod)) failed.actions.push_back(mark_disrupted(*pod, "DeletionByPodGC", why, now, corev1::PodFailed));
    gone.actions.push_back(delete_now(*pod));
  }
  if (!failed.actions.empty()) plan.stages.push_back(std::move(failed));
  if (!gone.actions.empty()) plan.stages.push_back(std::move(gone));
  return plan;
}

bool is_out_of_service(const corev1::Node& node) {
  const bool marked = std::any_of(node.spec.taints.begin(), node.spec.taints.end(),
                                  [](const corev1::Taint& taint) { return taint.key == "node.kubernetes.io/out-of-service"; });
  return marked && std::none_of(node.status.conditions.begin(), node.status.conditions.end(), [](const corev1::NodeCondition& condition) {
    return condition.type == corev1::NodeReady && condition.status == corev1::ConditionTrue;
  });
}

Plan decide_missing_node(std::string_view name, const Pods& pods, WallTime now) {
  Plan plan;
  if (pods.empty()) return plan;
  plan.act(informer::get_request(informer::resource_of<corev1::Node>(), {}, name)).accept = {"NotFound"};
  plan.then = [pods, now](const Outcome& outcome) {
    Plan after;
    if (outcome.failure) {
      after.retry = outcome.failure;
    } else if (!outcome.answers.front().object.ok()) {
      after = remove_all(pods, "the node no longer exists", now);
    }
    return after;
  };
  return plan;
}

Plan decide_finished(Pods pods, std::int64_t threshold, WallTime now) {
  const std::int64_t excess = static_cast<std::int64_t>(pods.size()) - threshold;
  if (threshold <= 0 || excess <= 0) return {};
  const auto is_evicted = [](const PodPtr& pod) { return pod->status.phase == corev1::PodFailed && pod->status.reason == "Evicted"; };
  std::sort(pods.begin(), pods.end(), [&](const PodPtr& a, const PodPtr& b) {
    if (is_evicted(a) != is_evicted(b)) return is_evicted(a);
    const api::Time &left = a->metadata.creationTimestamp, &right = b->metadata.creationTimestamp;
    return left == right ? a->metadata.name < b->metadata.name : left < right;
  });
  pods.resize(static_cast<std::size_t>(excess));
  return remove_all(pods, {}, now);
}

class PodGc final : public Controller {
 public:
  std::string component() const override { return "pod-garbage-collector"; }
  std::string queue_name() const override { return "orphaned_pods_nodes"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"delete,list,watch", "core", "pods"},
            {"get,list,watch", "core", "nodes"},
            {"patch", "core", "pods/status"}};
  }
  std::vector<OptionSpec> options() const override {
    return {{"terminated-pod-gc-threshold", OptionSpec::Kind::number, std::to_string(threshold_), "finished pods that may stay; 0: any number"}};
  }

  void watch(Watches& watches) override {
    watches_ = &watches;
    threshold_ = watches.options.number("terminated-pod-gc-threshold", threshold_);
    nodes_ = watches.watch<corev1::Node>([this](const NodePtr& before, const NodePtr& after) { node_changed(before, after); });
    informer::Informer& pods = watches.informer<corev1::Pod>();
    pods.add_index(informer::index::by_node, informer::index::node_of);
    pods.add_index(finished_index, [](const api::Object& object, std::vector<std::string>& values) {
      if (is_terminal(static_cast<const corev1::Pod&>(object))) values.emplace_back();
    });
    pods_ = watches.lister<corev1::Pod>();
    watches.watch<corev1::Pod>([this](const PodPtr& before, const PodPtr& after) { pod_changed(before, after); });
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    if (key == finished_key) return decide_finished(pods_.by_index(finished_index, ""), threshold_, now.wall);
    const auto [kind, name] = informer::split_key(key);
    if (kind == "node") return reconcile_node(name, now.wall);
    const PodPtr pod = pods_.get(name);
    if (!pod || !pod->metadata.deletionTimestamp || !pod->spec.nodeName.empty()) return {};
    return remove_all({pod}, "the pod was never on a node", now.wall);
  }

 private:
  Plan reconcile_node(std::string_view name, WallTime now) const {
    Pods pods = pods_.by_index(informer::index::by_node, name);
    const NodePtr node = nodes_.get(name);
    if (!node) return decide_missing_node(name, pods, now);
    if (!is_out_of_service(*node)) return {};
    std::erase_if(pods, [](const PodPtr& pod) { return !pod->metadata.deletionTimestamp; });
    return remove_all(pods, "the node is out of service", now);
  }

  void node_changed(const NodePtr& before, const NodePtr& after) {
    if (!after) return watches_->queue.add_after("node/" + before->metadata.name.str(), quarantine);
    if (is_out_of_service(*after)) watches_->queue.add("node/" + after->metadata.name.str());
  }

  void pod_changed(const PodPtr& before, const PodPtr& after) {
    if (!after) return;
    if (threshold_ > 0 && is_terminal(*after) && (!before || !is_terminal(*before)) &&
        static_cast<std::int64_t>(pods_.count_by_index(finished_index, "")) > threshold_)
      watches_->queue.add(finished_key);
    const std::string node_name = after->spec.nodeName.str();
    if (node_name.empty()) {
      if (after->metadata.deletionTimestamp) watches_->queue.add("pod/" + object_key(*after));
      return;
    }
    const bool moved = !before || before->spec.nodeName != after->spec.nodeName;
    const NodePtr node = nodes_.get(node_name);
    if (!node) {
      if (moved) watches_->queue.add_after("node/" + node_name, quarantine);
    } else if (after->metadata.deletionTimestamp && is_out_of_service(*node)) {
      watches_->queue.add("node/" + node_name);
    }
  }

  Watches* watches_ = nullptr;
  std::int64_t threshold_ = 12500;
  informer::Lister<corev1::Node> nodes_;
  informer::Lister<corev1::Pod> pods_;
};

const Registered<Controller> registered{"pod-garbage-collector-controller", [] { return std::make_unique<PodGc>(); }};

}  // namespace

}  // namespace plumb::controllers::podgc
