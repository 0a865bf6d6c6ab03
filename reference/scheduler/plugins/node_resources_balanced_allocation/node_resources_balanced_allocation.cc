#include <algorithm>
#include <cmath>

#include "reference/scheduler/node_table.h"

namespace plumb::scheduler {
namespace {

double used_share(std::int64_t taken, std::int64_t allocatable) {
  return std::min(1.0, static_cast<double>(taken) / static_cast<double>(allocatable));
}

// Scores: the closer the shares of cpu and memory in use would be to each other, the better (one less their standard deviation).
class NodeResourcesBalancedAllocation final : public Plugin, public ScorePlugin {
 public:
  Traits traits() const override { return {.name = "NodeResourcesBalancedAllocation", .order = 900, .weight = 1}; }
  // Pods that ask for nothing would all go to the same balanced node.
  Code pre_score(const PodInfo& pod, std::span<const NodeInfo* const>, std::unique_ptr<PluginState>&) const override {
    return pod.requests.cpu == 0 && pod.requests.memory == 0 ? Code::skip : Code::success;
  }
  std::int64_t score(const PluginState*, const PodInfo& pod, const NodeInfo& node) const override {
    double deviation = 0;
    if (node.allocatable.cpu > 0 && node.allocatable.memory > 0)
      deviation = std::abs(used_share(node.requested.cpu + pod.requests.cpu, node.allocatable.cpu) -
                           used_share(node.requested.memory + pod.requests.memory, node.allocatable.memory)) / 2;
    return static_cast<std::int64_t>((1 - deviation) * static_cast<double>(max_score));
  }
};

const Registered<Plugin> registered{"NodeResourcesBalancedAllocation", [] { return std::make_unique<NodeResourcesBalancedAllocation>(); }};

}  // namespace
}  // namespace plumb::scheduler
