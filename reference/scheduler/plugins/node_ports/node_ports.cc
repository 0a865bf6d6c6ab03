#include <algorithm>

#include "reference/scheduler/node_table.h"

namespace plumb::scheduler {
namespace {

bool any_clash(const std::vector<HostPort>& some, const std::vector<HostPort>& others) {
  return std::any_of(some.begin(), some.end(), [&](const HostPort& one) {
    return std::any_of(others.begin(), others.end(), [&](const HostPort& other) { return one.clashes_with(other); });
  });
}

// Are the host ports that the pod asks for free?
class NodePorts final : public Plugin, public PreFilterPlugin, public FilterPlugin {
 public:
  Traits traits() const override { return {.name = "NodePorts", .order = 70, .events = event::pod_removed | event::node_added}; }
  bool helps(const PodInfo& pod, const Change& change) const override { return !change.pod_before || any_clash(pod.ports, change.pod_before->ports); }
  PreFilterResult pre_filter(const PodInfo& pod) const override {
    PreFilterResult result;
    if (pod.ports.empty()) result.verdict.code = Code::skip;
    return result;
  }
  Code filter(const PluginState*, const PodInfo& pod, const NodeInfo& node, Reasons& reasons) const override {
    if (!any_clash(pod.ports, node.ports)) return Code::success;
    reasons.push_back("node(s) didn't have free ports for the requested pod ports");
    return Code::unschedulable;
  }
};

const Registered<Plugin> registered_node_ports{"NodePorts", [] { return std::make_unique<NodePorts>(); }};

}  // namespace
}  // namespace plumb::scheduler
