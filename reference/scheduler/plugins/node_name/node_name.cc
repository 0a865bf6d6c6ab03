#include "reference/scheduler/node_table.h"

namespace plumb::scheduler {
namespace {

// Is it the node that the pod names?
class NodeName final : public Plugin, public PreFilterPlugin, public FilterPlugin {
 public:
  Traits traits() const override { return {.name = "NodeName", .order = 40, .events = event::node_added}; }
  PreFilterResult pre_filter(const PodInfo& pod) const override {
    PreFilterResult result;
    if (pod.pod->spec.nodeName.empty()) result.verdict.code = Code::skip;
    return result;
  }
  Code filter(const PluginState*, const PodInfo& pod, const NodeInfo& node, Reasons& reasons) const override {
    if (pod.pod->spec.nodeName.empty() || pod.pod->spec.nodeName == node.name()) return Code::success;
    reasons.push_back("node(s) didn't match the requested node name");
    return Code::unschedulable_and_unresolvable;
  }
};

const Registered<Plugin> registered_node_name{"NodeName", [] { return std::make_unique<NodeName>(); }};

}  // namespace
}  // namespace plumb::scheduler
