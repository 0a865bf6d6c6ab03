#include "reference/scheduler/node_table.h"

namespace plumb::scheduler {
namespace {

// The texts of what may be missing, for this pod.
struct Texts final : PluginState {
  std::vector<std::string> scalars;  // in the order of PodInfo::requests
};

std::int64_t free_share(std::int64_t taken, std::int64_t allocatable) {
  return taken > allocatable ? 0 : (allocatable - taken) * max_score / allocatable;
}

// Is there room for the pod? Scores: the more cpu and memory the node would have left, the better (least allocated).
class NodeResourcesFit final : public Plugin, public PreFilterPlugin, public FilterPlugin, public ScorePlugin {
 public:
  Traits traits() const override {
    return {.name = "NodeResourcesFit",
            .order = 80,
            .weight = 1,
            .events = event::pod_removed | event::pod_scaled_down | event::node_added | event::node_allocatable};
  }

  PreFilterResult pre_filter(const PodInfo& pod) const override {
    PreFilterResult result;
    if (pod.requests.scalars.empty()) return result;
    auto texts = std::make_unique<Texts>();
    for (const auto& [name, amount] : pod.requests.scalars) texts->scalars.push_back("Insufficient " + name.str());
    result.state = std::move(texts);
    return result;
  }

  Code filter(const PluginState* state, const PodInfo& pod, const NodeInfo& node, Reasons& reasons) const override {
    Code code = Code::success;
    const auto refuse = [&](std::string_view reason, bool never_fits) {
      reasons.push_back(reason);
      if (code != Code::unschedulable_and_unresolvable) code = never_fits ? Code::unschedulable_and_unresolvable : Code::unschedulable;
    };
    const auto check = [&](std::int64_t wanted, std::int64_t taken, std::int64_t allocatable, std::string_view reason) {
      if (wanted > 0 && wanted > allocatable - taken) refuse(reason, wanted > allocatable);
    };
    const Resources& wanted = pod.requests;
    if (static_cast<std::int64_t>(node.pods.size()) + 1 > node.allocatable_pods) refuse("Too many pods", false);
    check(wanted.cpu, node.requested.cpu, node.allocatable.cpu, "Insufficient cpu");
    check(wanted.memory, node.requested.memory, node.allocatable.memory, "Insufficient memory");
    check(wanted.ephemeral_storage, node.requested.ephemeral_storage, node.allocatable.ephemeral_storage, "Insufficient ephemeral-storage");
    for (std::size_t i = 0; i < wanted.scalars.size(); ++i) {
      const auto& [name, amount] = wanted.scalars[i];
      check(amount, node.requested.scalar(name), node.allocatable.scalar(name), static_cast<const Texts*>(state)->scalars[i]);
    }
    return code;
  }

  std::int64_t score(const PluginState*, const PodInfo& pod, const NodeInfo& node) const override {
    std::int64_t sum = 0, kinds = 0;
    if (node.allocatable.cpu > 0) sum += free_share(node.scored_cpu + pod.scored_cpu, node.allocatable.cpu), ++kinds;
    if (node.allocatable.memory > 0) sum += free_share(node.scored_memory + pod.scored_memory, node.allocatable.memory), ++kinds;
    return kinds ? sum / kinds : 0;
  }
};

const Registered<Plugin> registered{"NodeResourcesFit", [] { return std::make_unique<NodeResourcesFit>(); }};

}  // namespace
}  // namespace plumb::scheduler
