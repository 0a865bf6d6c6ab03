#include <algorithm>

#include "reference/scheduler/node_selection.h"
#include "reference/scheduler/node_table.h"

namespace plumb::scheduler {
namespace {

bool contains(const api::List<api::Str>& values, std::string_view value) {
  return std::any_of(values.begin(), values.end(), [&](const api::Str& one) { return one == value; });
}

const corev1::NodeAffinity* affinity_of(const PodInfo& pod) {
  const auto& affinity = pod.pod->spec.affinity;
  return affinity ? affinity->nodeAffinity.get() : nullptr;
}

const corev1::NodeSelector* required_by(const PodInfo& pod) {
  const corev1::NodeAffinity* affinity = affinity_of(pod);
  return affinity ? affinity->requiredDuringSchedulingIgnoredDuringExecution.get() : nullptr;
}

// The node names that a term leaves; nullopt when it does not ask for names.
std::optional<std::vector<std::string>> names_in(const corev1::NodeSelectorTerm& term) {
  std::optional<std::vector<std::string>> names;
  for (const corev1::NodeSelectorRequirement& field : term.matchFields) {
    if (field.key != "metadata.name" || field.operator_ != corev1::NodeSelectorOpIn) continue;
    if (!names) {
      names.emplace();
      for (const api::Str& name : field.values) names->push_back(name.str());
    } else {
      std::erase_if(*names, [&](const std::string& name) { return !contains(field.values, name); });
    }
  }
  return names;
}

std::optional<std::vector<std::string>> names_in(const corev1::NodeSelector& selector) {
  std::vector<std::string> all;
  for (const corev1::NodeSelectorTerm& term : selector.nodeSelectorTerms) {
    auto names = names_in(term);
    if (!names) return std::nullopt;
    all.insert(all.end(), names->begin(), names->end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

// Does the node match the pod's node selector and node affinity? Scores: the weights of the preferred terms that match.
class NodeAffinity final : public Plugin, public PreFilterPlugin, public FilterPlugin, public ScorePlugin {
 public:
  Traits traits() const override {
    return {.name = "NodeAffinity", .order = 60, .weight = 2, .events = event::node_added | event::node_label};
  }

  PreFilterResult pre_filter(const PodInfo& pod) const override {
    PreFilterResult result;
    const corev1::NodeSelector* required = required_by(pod);
    if (!required && pod.pod->spec.nodeSelector.empty()) {
      result.verdict.code = Code::skip;
    } else if (required && !required->nodeSelectorTerms.empty()) {
      result.only = names_in(*required);
      if (result.only && result.only->empty())
        result.verdict = {Code::unschedulable_and_unresolvable, "pod affinity terms conflict"};
    }
    return result;
  }

  Code filter(const PluginState*, const PodInfo& pod, const NodeInfo& node, Reasons& reasons) const override {
    if (selects(pod.pod->spec, *node.node)) return Code::success;
    reasons.push_back("node(s) didn't match Pod's node affinity/selector");
    return Code::unschedulable_and_unresolvable;
  }

  Code pre_score(const PodInfo& pod, std::span<const NodeInfo* const>, std::unique_ptr<PluginState>&) const override {
    const corev1::NodeAffinity* affinity = affinity_of(pod);
    return affinity && !affinity->preferredDuringSchedulingIgnoredDuringExecution.empty() ? Code::success : Code::skip;
  }
  std::int64_t score(const PluginState*, const PodInfo& pod, const NodeInfo& node) const override {
    std::int64_t sum = 0;
    const corev1::NodeAffinity* affinity = affinity_of(pod);
    if (!affinity) return 0;
    for (const corev1::PreferredSchedulingTerm& term : affinity->preferredDuringSchedulingIgnoredDuringExecution)
      if (matches(term.preference, *node.node)) sum += term.weight;
    return sum;
  }
  void normalise(std::span<std::int64_t> scores) const override { scale_to_best(scores, false); }
};

const Registered<Plugin> registered{"NodeAffinity", [] { return std::make_unique<NodeAffinity>(); }};

}  // namespace
}  // namespace plumb::scheduler
