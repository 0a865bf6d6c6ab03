#include "reference/scheduler/node_table.h"
#include "reference/scheduler/tolerations.h"

namespace plumb::scheduler {
namespace {

// Does the node take new pods?
class NodeUnschedulable final : public Plugin, public FilterPlugin {
 public:
  Traits traits() const override { return {.name = "NodeUnschedulable", .order = 30, .events = event::node_added | event::node_taint}; }
  bool helps(const PodInfo&, const Change& change) const override {
    return !change.node->spec.unschedulable && (!change.node_before || change.node_before->spec.unschedulable);
  }
  Code filter(const PluginState*, const PodInfo& pod, const NodeInfo& node, Reasons& reasons) const override {
    if (!node.unschedulable) return Code::success;
    if (tolerates(pod.pod->spec.tolerations, "node.kubernetes.io/unschedulable", "", corev1::TaintEffectNoSchedule)) return Code::success;
    reasons.push_back("node(s) were unschedulable");
    return Code::unschedulable_and_unresolvable;
  }
};

const Registered<Plugin> registered_node_unschedulable{"NodeUnschedulable", [] { return std::make_unique<NodeUnschedulable>(); }};

}  // namespace
}  // namespace plumb::scheduler
