// The controller "node-lifecycle-controller". A heartbeat costs one look-up; only silence and changes of conditions make work.
#include <mutex>
#include <unordered_map>
#include <utility>

#include "reference/api/text/time.h"
#include "reference/api/types/coordinationv1.h"
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/nodelifecycle/decide.h"

namespace plumb::controllers::nodelifecycle {

namespace {

using NodePtr = std::shared_ptr<const corev1::Node>;
using LeasePtr = std::shared_ptr<const coordinationv1::Lease>;

constexpr std::string_view lease_namespace = "kube-node-lease";

// Conditions but for their heartbeats.
bool same_conditions(const corev1::Node& a, const corev1::Node& b) {
  return std::equal(a.status.conditions.begin(), a.status.conditions.end(), b.status.conditions.begin(), b.status.conditions.end(),
                    [](const corev1::NodeCondition& x, const corev1::NodeCondition& y) { return x.type == y.type && x.status == y.status; });
}

class NodeLifecycle final : public Controller {
 public:
  std::string component() const override { return "node-controller"; }
  std::string queue_name() const override { return "node_lifecycle_controller"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"delete,get,list,patch,update,watch", "core", "nodes"},
            {"patch,update", "core", "nodes/status"},
            {"patch,update", "core", "pods/status"},
            {"delete,get,list,watch", "core", "pods"},
            apiserver::records_events};
  }
  int workers() const override { return 8; }
  std::vector<OptionSpec> options() const override {
    const auto kind = OptionSpec::Kind::duration;
    return {{"node-monitor-grace-period", kind, api::format_duration(limits_.grace), "a node that was silent for this long is marked as unknown"},
            {"node-startup-grace-period", kind, api::format_duration(limits_.startup_grace), "the same for a node that never reported"},
            {"node-monitor-period", kind, "5s", "taken for upstream's sake, without effect: silence is noticed when it is due, not at a period"}};
  }

  void watch(Watches& watches) override {
    watches_ = &watches;
    limits_.grace = watches.options.duration("node-monitor-grace-period", limits_.grace);
    limits_.startup_grace = watches.options.duration("node-startup-grace-period", limits_.startup_grace);
    watches.informer<corev1::Pod>().add_index(informer::index::by_node, informer::index::node_of);
    nodes_ = watches.lister<corev1::Node>();
    pods_ = watches.watch<corev1::Pod>([this](const auto& before, const auto& after) { pod_changed(before, after); });
    watches.watch<corev1::Node>([this](const NodePtr& before, const NodePtr& after) { node_changed(before, after); });
    watches.watch<coordinationv1::Lease>([this](const LeasePtr& before, const LeasePtr& after) { lease_changed(before, after); });
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    Observed observed;
    observed.node = nodes_.get(key);
    if (!observed.node) return {};
    {
      std::lock_guard lock(mutex_);
      Health& health = health_.try_emplace(key, Health{now.steady}).first->second;
      observed.heard = health.heard;
      observed.reported_ready = health.reported_ready;
      const bool silent = now.steady - health.heard > limits_.grace, ready = is_ready(*observed.node);
      observed.all_unready = ready_nodes_ - (silent && ready) <= 0;
      health.reported_ready = ready && !silent;
      observed.is_new = !std::exchange(health.announced, true);
    }
    observed.pods = pods_.by_index(informer::index::by_node, key);
    return decide(observed, limits_, now);
  }

 private:
  struct Health {
    Instant heard;
    bool reported_ready = true, announced = false;
  };

  void node_changed(const NodePtr& before, const NodePtr& after) {
    const std::string name = (after ? after : before)->metadata.name.str();
    const bool was = before && is_ready(*before), is = after && is_ready(*after);
    {
      std::lock_guard lock(mutex_);
      ready_nodes_ += is - was;
      if (!after) {
        health_.erase(name);
      } else if (!before || heartbeat(*before) != heartbeat(*after) || !same_conditions(*before, *after)) {
        health_[name].heard = watches_->clock.now();
      }
    }
    if (after && (!before || !same_conditions(*before, *after) || !(before->spec == after->spec))) watches_->queue.add(name);
    if (was != is) reconsider_evictions(is);
  }

  // The first node that is ready again, or the last that is no longer, changes what the others deserve.
  void reconsider_evictions(bool is) {
    {
      std::lock_guard lock(mutex_);
      if (ready_nodes_ != (is ? 1 : 0)) return;
    }
    for (const NodePtr& node : nodes_.list())
      if (!is_ready(*node)) watches_->queue.add(node->metadata.name);
  }

  static api::Time heartbeat(const corev1::Node& node) {
    for (const corev1::NodeCondition& condition : node.status.conditions)
      if (condition.type == corev1::NodeReady) return condition.lastHeartbeatTime;
    return {};
  }

  void lease_changed(const LeasePtr& before, const LeasePtr& after) {
    if (!after || after->metadata.namespace_ != lease_namespace) return;
    if (before && before->spec.renewTime == after->spec.renewTime) return;
    std::lock_guard lock(mutex_);
    const auto found = health_.find(after->metadata.name.str());
    if (found != health_.end()) found->second.heard = watches_->clock.now();
  }

  // A pod that appears on, or claims to be ready on, a node that is not ready.
  void pod_changed(const std::shared_ptr<const corev1::Pod>& before, const std::shared_ptr<const corev1::Pod>& after) {
    if (!after || after->spec.nodeName.empty() || (before && before->status.conditions == after->status.conditions)) return;
    const NodePtr node = nodes_.get(after->spec.nodeName);
    if (node && !is_ready(*node)) watches_->queue.add(node->metadata.name);
  }

  Watches* watches_ = nullptr;
  Limits limits_;
  informer::Lister<corev1::Node> nodes_;
  informer::Lister<corev1::Pod> pods_;
  std::mutex mutex_;
  std::unordered_map<std::string, Health> health_;  // under mutex_
  std::int64_t ready_nodes_ = 0;                    // under mutex_
};

const Registered<Controller> registered{"node-lifecycle-controller", [] { return std::make_unique<NodeLifecycle>(); }};

}  // namespace

}  // namespace plumb::controllers::nodelifecycle
