#include <algorithm>

#include "reference/scheduler/node_table.h"

namespace plumb::scheduler {
namespace {

// Are the host ports that the pod asks for free?
class NodePorts final : public Plugin, public PreFilterPlugin, public FilterPlugin {
 public:
  Traits traits() const override { return {.name = "NodePorts", .order = 70, .events = event::pod_removed | event::node_added}; }
  PreFilterResult pre_filter(const PodInfo& pod) const override {
    PreFilterResult result;
    if (pod.ports.empty()) result.verdict.code = Code::skip;
    return result;
  }
  Code filter(const PluginState*, const PodInfo& pod, const NodeInfo& node, Reasons& reasons) const override {
    const bool clash = std::any_of(pod.ports.begin(), pod.ports.end(), [&](const HostPort& wanted) {
      return std::any_of(node.ports.begin(), node.ports.end(), [&](const HostPort& taken) { return wanted.clashes_with(taken); });
    });
    if (!clash) return Code::success;
    reasons.push_back("node(s) didn't have free ports for the requested pod ports");
    return Code::unschedulable;
  }
};

const Registered<Plugin> registered{"NodePorts", [] { return std::make_unique<NodePorts>(); }};

}  // namespace
}  // namespace plumb::scheduler
