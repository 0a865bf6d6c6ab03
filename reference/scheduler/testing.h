// Short ways to write pods and nodes, and tables of verdicts, for tests of the scheduler and its plugins.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/doc/yaml.h"
#include "reference/scheduler/cycle.h"

namespace plumb::scheduler::testing {

using Amounts = std::vector<std::pair<std::string, std::string>>;

inline api::Map<api::QuantityText> amounts(const Amounts& pairs) {
  api::Map<api::QuantityText> map;
  for (const auto& [name, value] : pairs) map.set(name, api::QuantityText(value));
  return map;
}

struct MakePod {
  std::shared_ptr<corev1::Pod> pod = std::make_shared<corev1::Pod>();

  explicit MakePod(std::string_view name = "p") {
    pod->metadata.namespace_ = "default";
    pod->metadata.name = name;
    pod->metadata.uid = "uid-" + std::string(name);
    pod->spec.schedulerName = "default-scheduler";
  }
  MakePod& container(const Amounts& requests = {}) {
    pod->spec.containers.emplace_back().resources.requests = amounts(requests);
    return *this;
  }
  MakePod& init(const Amounts& requests, bool sidecar = false) {
    corev1::Container& made = pod->spec.initContainers.emplace_back();
    made.resources.requests = amounts(requests);
    if (sidecar) made.restartPolicy = corev1::ContainerRestartPolicyAlways;
    return *this;
  }
  MakePod& host_port(std::int32_t port, std::string_view protocol = "TCP", std::string_view ip = "") {
    corev1::ContainerPort& made = pod->spec.containers.emplace_back().ports.emplace_back();
    made.hostPort = port;
    made.protocol = protocol;
    made.hostIP = ip;
    return *this;
  }
  MakePod& in(std::string_view namespace_) { return pod->metadata.namespace_ = namespace_, *this; }
  MakePod& label(std::string_view key, std::string_view value) { return pod->metadata.labels.set(key, value), *this; }
  // To pods with that label, in the pod's namespace: required, or preferred with that weight.
  MakePod& beside(std::string_view key, std::string_view value, std::string_view topology, std::int32_t preferred = 0) {
    return add(pod->spec.affinity.ensure().podAffinity.ensure(), key, value, topology, preferred), *this;
  }
  MakePod& apart_from(std::string_view key, std::string_view value, std::string_view topology, std::int32_t preferred = 0) {
    return add(pod->spec.affinity.ensure().podAntiAffinity.ensure(), key, value, topology, preferred), *this;
  }
  // Over domains, of pods with that label.
  MakePod& spread(std::int32_t max_skew, std::string_view topology, std::string_view key, std::string_view value, std::string_view action = corev1::DoNotSchedule) {
    corev1::TopologySpreadConstraint& made = pod->spec.topologySpreadConstraints.emplace_back();
    made.maxSkew = max_skew;
    made.topologyKey = topology;
    made.whenUnsatisfiable = action;
    made.labelSelector.ensure().matchLabels.set(key, value);
    return *this;
  }
  MakePod& leaving() { return pod->metadata.deletionTimestamp = api::Time::from(WallTime(std::chrono::seconds(1'600'000'000))), *this; }
  MakePod& on(std::string_view node) { return pod->spec.nodeName = node, *this; }
  MakePod& priority(std::int32_t value) { return pod->spec.priority = value, *this; }
  MakePod& select(std::string_view key, std::string_view value) { return pod->spec.nodeSelector.set(key, value), *this; }
  MakePod& gate(std::string_view name) { return pod->spec.schedulingGates.emplace_back().name = name, *this; }
  MakePod& tolerate(std::string_view key, std::string_view op, std::string_view value, std::string_view effect) {
    corev1::Toleration& made = pod->spec.tolerations.emplace_back();
    made.key = key;
    made.operator_ = op;
    made.value = value;
    made.effect = effect;
    return *this;
  }
  // Adds a term; fields are metadata.name.
  MakePod& require(std::vector<corev1::NodeSelectorRequirement> labels, std::vector<corev1::NodeSelectorRequirement> fields = {}) {
    auto& selector = pod->spec.affinity.ensure().nodeAffinity.ensure().requiredDuringSchedulingIgnoredDuringExecution.ensure();
    fill(selector.nodeSelectorTerms.emplace_back(), labels, fields);
    return *this;
  }
  MakePod& prefer(std::int32_t weight, std::vector<corev1::NodeSelectorRequirement> labels) {
    auto& term = pod->spec.affinity.ensure().nodeAffinity.ensure().preferredDuringSchedulingIgnoredDuringExecution.emplace_back();
    term.weight = weight;
    fill(term.preference, labels, {});
    return *this;
  }
  operator std::shared_ptr<const corev1::Pod>() const { return pod; }

 private:
  template <class Affinity>
  static void add(Affinity& affinity, std::string_view key, std::string_view value, std::string_view topology, std::int32_t preferred) {
    corev1::PodAffinityTerm* term = nullptr;
    if (preferred) {
      auto& weighted = affinity.preferredDuringSchedulingIgnoredDuringExecution.emplace_back();
      weighted.weight = preferred;
      term = &weighted.podAffinityTerm;
    } else {
      term = &affinity.requiredDuringSchedulingIgnoredDuringExecution.emplace_back();
    }
    term->topologyKey = topology;
    term->labelSelector.ensure().matchLabels.set(key, value);
  }
  static void fill(corev1::NodeSelectorTerm& term, const std::vector<corev1::NodeSelectorRequirement>& labels,
                   const std::vector<corev1::NodeSelectorRequirement>& fields) {
    for (const auto& one : labels) term.matchExpressions.push_back(one);
    for (const auto& one : fields) term.matchFields.push_back(one);
  }
};

inline corev1::NodeSelectorRequirement requirement(std::string_view key, std::string_view op, std::vector<std::string> values = {}) {
  corev1::NodeSelectorRequirement made;
  made.key = key;
  made.operator_ = op;
  for (const std::string& value : values) made.values.push_back(api::Str(value));
  return made;
}

struct MakeNode {
  std::shared_ptr<corev1::Node> node = std::make_shared<corev1::Node>();

  explicit MakeNode(std::string_view name = "n", const Amounts& allocatable = {{"cpu", "4"}, {"memory", "8Gi"}, {"pods", "110"}}) {
    node->metadata.name = name;
    node->status.allocatable = amounts(allocatable);
  }
  MakeNode& label(std::string_view key, std::string_view value) { return node->metadata.labels.set(key, value), *this; }
  MakeNode& taint(std::string_view key, std::string_view value, std::string_view effect) {
    corev1::Taint& made = node->spec.taints.emplace_back();
    made.key = key;
    made.value = value;
    made.effect = effect;
    return *this;
  }
  MakeNode& unschedulable() { return node->spec.unschedulable = true, *this; }
  operator std::shared_ptr<const corev1::Node>() const { return node; }
};

// One plugin on its own, asked about one pod.
class PluginTable {
 public:
  explicit PluginTable(const std::string& name) : plugin_(Registry<Plugin>::make(name)) {}

  struct Answer {
    Code code = Code::success;
    std::string reason;  // several are joined by "; "
    friend bool operator==(const Answer&, const Answer&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Answer& answer) { return out << to_string(answer.code) << " (" << answer.reason << ")"; }
  };
  // PreFilter, unless it skips, then Filter. `others` are on the node already.
  Answer filter(const std::shared_ptr<const corev1::Pod>& pod, const std::shared_ptr<const corev1::Node>& node,
                const std::vector<std::shared_ptr<const corev1::Pod>>& others = {}) {
    const PodInfo info(pod);
    PreFilterResult before;
    if (const auto* asked = dynamic_cast<PreFilterPlugin*>(plugin_.get())) before = asked->pre_filter(info);
    if (before.verdict.code == Code::skip) return {};
    if (!before.verdict.ok()) return {before.verdict.code, before.verdict.reason};
    Reasons reasons;
    Answer answer;
    answer.code = dynamic_cast<FilterPlugin&>(*plugin_).filter(before.state.get(), info, *place(node, others), reasons);
    for (const std::string_view reason : reasons) answer.reason += (answer.reason.empty() ? "" : "; ") + std::string(reason);
    return answer;
  }
  // The normalised scores of nodes that are empty; {} when the plugin has nothing to say.
  std::vector<std::int64_t> scores(const std::shared_ptr<const corev1::Pod>& pod, const std::vector<std::shared_ptr<const corev1::Node>>& nodes) {
    const PodInfo info(pod);
    const auto& asked = dynamic_cast<ScorePlugin&>(*plugin_);
    std::vector<std::unique_ptr<NodeInfo>> owned;
    std::vector<const NodeInfo*> infos;
    for (const auto& node : nodes) infos.push_back(owned.emplace_back(place(node, {})).get());
    std::unique_ptr<PluginState> state;
    if (asked.pre_score(info, infos, state) == Code::skip) return {};
    std::vector<std::int64_t> scores;
    for (const NodeInfo* node : infos) scores.push_back(asked.score(state.get(), info, *node));
    asked.normalise(scores);
    return scores;
  }

 private:
  static std::unique_ptr<NodeInfo> place(const std::shared_ptr<const corev1::Node>& node, const std::vector<std::shared_ptr<const corev1::Pod>>& others) {
    auto info = std::make_unique<NodeInfo>(node->metadata.name);
    info->set_node(node);
    for (const auto& other : others) info->add_pod(std::make_shared<PodInfo>(other));
    return info;
  }
  const std::unique_ptr<Plugin> plugin_;
};

// One plugin on its own, asked about one pod and all nodes of a table.
class ClusterTable {
 public:
  // `args` as in a configuration.
  explicit ClusterTable(const std::string& name, std::string_view args = "{}") : plugin_(Registry<Plugin>::make(name)) {
    const Status configured = plugin_->configure(DocReader(*api::parse_yaml(args), "args"));
    EXPECT_TRUE(configured.ok()) << configured.error().message;
    plugin_->attach(handle_);
  }

  NodeTable table;
  ClusterTable& add(const MakeNode& node) { return table.set_node(node.node), *this; }
  ClusterTable& add(const MakePod& pod) { return table.set_pod(pod.pod), *this; }

  // By node: "" when it may take the pod. Nothing when the plugin has nothing to say.
  using Reasoned = std::map<std::string, std::string>;
  Reasoned filter(const std::shared_ptr<const corev1::Pod>& pod) {
    const PodInfo info(pod);
    PreFilterResult before = dynamic_cast<PreFilterPlugin&>(*plugin_).pre_filter(info);
    Reasoned answers;
    if (before.verdict.code == Code::skip) return answers;
    for (const NodeInfo* node : table.nodes()) answers[node->name().str()] = reason(before.state.get(), info, *node);
    return answers;
  }
  // The same of one node, if `gone` had left it and `come` had come to it.
  std::string filter_if(const std::shared_ptr<const corev1::Pod>& pod, std::string_view node, const std::vector<MakePod>& gone, const std::vector<MakePod>& come = {}) {
    const PodInfo info(pod);
    const PreFilterResult before = dynamic_cast<PreFilterPlugin&>(*plugin_).pre_filter(info);
    const auto state = before.state->clone();
    const auto& extensions = dynamic_cast<PreFilterExtensions&>(*plugin_);
    for (const MakePod& one : gone) extensions.change(*state, info, PodInfo(one.pod), *table.find(node), -1);
    for (const MakePod& one : come) extensions.change(*state, info, PodInfo(one.pod), *table.find(node), 1);
    return reason(state.get(), info, *table.find(node));
  }
  // Normalised; {} when the plugin has nothing to say.
  std::map<std::string, std::int64_t> scores(const std::shared_ptr<const corev1::Pod>& pod) {
    const PodInfo info(pod);
    const auto& asked = dynamic_cast<ScorePlugin&>(*plugin_);
    const std::vector<const NodeInfo*> nodes(table.nodes().begin(), table.nodes().end());
    std::unique_ptr<PluginState> state;
    if (asked.pre_score(info, nodes, state) == Code::skip) return {};
    std::vector<std::int64_t> scores;
    for (const NodeInfo* node : nodes) scores.push_back(asked.score(state.get(), info, *node));
    asked.normalise(scores);
    std::map<std::string, std::int64_t> named;
    for (std::size_t i = 0; i < nodes.size(); ++i) named[nodes[i]->name().str()] = scores[i];
    return named;
  }

 private:
  std::string reason(const PluginState* state, const PodInfo& pod, const NodeInfo& node) const {
    Reasons reasons;
    dynamic_cast<FilterPlugin&>(*plugin_).filter(state, pod, node, reasons);
    return reasons.empty() ? std::string() : std::string(reasons.front());
  }
  const std::unique_ptr<Plugin> plugin_;
  const Handle handle_{table, nullptr};
};

}  // namespace plumb::scheduler::testing
