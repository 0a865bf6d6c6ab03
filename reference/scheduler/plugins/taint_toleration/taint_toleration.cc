#include <algorithm>

#include "reference/scheduler/node_table.h"
#include "reference/scheduler/tolerations.h"

namespace plumb::scheduler {
namespace {

// Does the pod put up with the node's taints? Scores: the fewer taints that ask to be avoided, the better.
class TaintToleration final : public Plugin, public FilterPlugin, public ScorePlugin {
 public:
  Traits traits() const override {
    return {.name = "TaintToleration", .order = 50, .weight = 3, .events = event::node_added | event::node_taint};
  }
  bool helps(const PodInfo& pod, const Change& change) const override {
    const auto& tolerations = pod.pod->spec.tolerations;
    return !untolerated_hard_taint(tolerations, *change.node) && (!change.node_before || untolerated_hard_taint(tolerations, *change.node_before));
  }
  Code filter(const PluginState*, const PodInfo& pod, const NodeInfo& node, Reasons& reasons) const override {
    if (!node.has_hard_taints || !untolerated_hard_taint(pod.pod->spec.tolerations, *node.node)) return Code::success;
    reasons.push_back("node(s) had untolerated taint(s)");
    return Code::unschedulable_and_unresolvable;
  }
  // Where no node has such a taint all would get the same.
  Code pre_score(const PodInfo&, std::span<const NodeInfo* const> nodes, std::unique_ptr<PluginState>&) const override {
    const bool matters = std::any_of(nodes.begin(), nodes.end(), [](const NodeInfo* node) { return node->has_soft_taints; });
    return matters ? Code::success : Code::skip;
  }
  std::int64_t score(const PluginState*, const PodInfo& pod, const NodeInfo& node) const override {
    if (!node.has_soft_taints) return 0;
    return std::count_if(node.node->spec.taints.begin(), node.node->spec.taints.end(), [&](const corev1::Taint& taint) {
      return taint.effect == corev1::TaintEffectPreferNoSchedule &&
             !tolerates(pod.pod->spec.tolerations, taint.key, taint.value, taint.effect);
    });
  }
  void normalise(std::span<std::int64_t> scores) const override { scale_to_best(scores, true); }
};

const Registered<Plugin> registered_taint_toleration{"TaintToleration", [] { return std::make_unique<TaintToleration>(); }};

}  // namespace
}  // namespace plumb::scheduler
