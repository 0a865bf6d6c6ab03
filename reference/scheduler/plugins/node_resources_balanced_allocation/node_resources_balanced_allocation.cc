#include <algorithm>
#include <cmath>

#include "reference/scheduler/doc_reader.h"
#include "reference/scheduler/node_table.h"

namespace plumb::scheduler {
namespace {

double used_share(std::int64_t taken, std::int64_t allocatable) {
  return std::min(1.0, static_cast<double>(taken) / static_cast<double>(allocatable));
}

std::int64_t amount(const Resources& resources, std::string_view name) {
  if (name == "cpu") return resources.cpu;
  if (name == "memory") return resources.memory;
  if (name == "ephemeral-storage") return resources.ephemeral_storage;
  return resources.scalar(name);
}

double deviation(const std::vector<double>& shares) {
  double mean = 0, sum = 0;
  for (const double share : shares) mean += share / static_cast<double>(shares.size());
  for (const double share : shares) sum += (share - mean) * (share - mean);
  return std::sqrt(sum / static_cast<double>(shares.size()));
}

// Scores: the closer the shares of the resources in use would be to each other, the better (one less their standard deviation).
class NodeResourcesBalancedAllocation final : public Plugin, public ScorePlugin {
 public:
  Traits traits() const override { return {.name = "NodeResourcesBalancedAllocation", .order = 900, .weight = 1}; }
  Status configure(const DocReader& args) override {
    PLUMB_TRY(args.members({"resources"}));
    const auto resources = PLUMB_TRY(args.list("resources"));
    for (const DocReader& one : resources) {
      PLUMB_TRY(one.members({"name", "weight"}));
      PLUMB_TRY(one.integer("weight", 1, 0, 1));
      const std::string name = PLUMB_TRY(one.text("name", ""));
      if (std::find(resources_.begin(), resources_.end(), name) != resources_.end()) return one.error("name", name + " stands there twice");
      resources_.push_back(name);
    }
    return {};
  }

  // Pods that ask for nothing would all go to the same balanced node.
  Code pre_score(const PodInfo& pod, std::span<const NodeInfo* const>, std::unique_ptr<PluginState>&) const override {
    const bool asks = resources_.empty()
                          ? pod.requests.cpu != 0 || pod.requests.memory != 0
                          : std::any_of(resources_.begin(), resources_.end(), [&](const std::string& name) { return amount(pod.requests, name) != 0; });
    return asks ? Code::success : Code::skip;
  }
  std::int64_t score(const PluginState*, const PodInfo& pod, const NodeInfo& node) const override {
    const double uneven = resources_.empty() ? of_cpu_and_memory(pod, node) : of_resources(pod, node);
    return static_cast<std::int64_t>((1 - uneven) * static_cast<double>(max_score));
  }

 private:
  static double of_cpu_and_memory(const PodInfo& pod, const NodeInfo& node) {
    if (node.allocatable.cpu <= 0 || node.allocatable.memory <= 0) return 0;
    return std::abs(used_share(node.requested.cpu + pod.requests.cpu, node.allocatable.cpu) -
                    used_share(node.requested.memory + pod.requests.memory, node.allocatable.memory)) / 2;
  }
  double of_resources(const PodInfo& pod, const NodeInfo& node) const {
    std::vector<double> shares;
    for (const std::string& name : resources_) {
      const std::int64_t allocatable = amount(node.allocatable, name);
      const bool optional = name != "cpu" && name != "memory" && name != "ephemeral-storage";
      if (allocatable <= 0 || (optional && amount(pod.requests, name) == 0)) continue;
      shares.push_back(used_share(amount(node.requested, name) + amount(pod.requests, name), allocatable));
    }
    return shares.size() < 2 ? 0 : deviation(shares);
  }

  std::vector<std::string> resources_;  // empty: cpu and memory
};

const Registered<Plugin> registered_node_resources_balanced_allocation{"NodeResourcesBalancedAllocation", [] { return std::make_unique<NodeResourcesBalancedAllocation>(); }};

}  // namespace
}  // namespace plumb::scheduler
