#include <algorithm>

#include "reference/api/codec/json.h"
#include "reference/scheduler/doc_reader.h"
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

bool matches_any(const corev1::NodeSelector& selector, const corev1::Node& node) {
  return std::any_of(selector.nodeSelectorTerms.begin(), selector.nodeSelectorTerms.end(),
                     [&](const corev1::NodeSelectorTerm& term) { return matches(term, node); });
}

std::int64_t weight_on(const corev1::NodeAffinity& affinity, const corev1::Node& node) {
  std::int64_t sum = 0;
  for (const corev1::PreferredSchedulingTerm& term : affinity.preferredDuringSchedulingIgnoredDuringExecution)
    if (matches(term.preference, node)) sum += term.weight;
  return sum;
}

// Does the node match the pod's node selector and node affinity, and what the configuration adds to that of all pods? Scores: the weights of the
// preferred terms that match.
class NodeAffinity final : public Plugin, public PreFilterPlugin, public FilterPlugin, public ScorePlugin {
 public:
  Traits traits() const override {
    return {.name = "NodeAffinity", .order = 60, .weight = 2, .events = event::node_added | event::node_label};
  }

  Status configure(const DocReader& args) override {
    PLUMB_TRY(args.members({"addedAffinity"}));
    if (!args.has("addedAffinity")) return {};
    const DocReader added = args.object("addedAffinity");
    PLUMB_TRY(added.members({"requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"}));
    auto read = api::decode_json_as<corev1::NodeAffinity>(added.doc().to_json());
    if (!read.ok()) return added.error({}, read.error().message);
    added_ = std::move(*read);
    return {};
  }

  bool helps(const PodInfo& pod, const Change& change) const override {
    return allows(pod, *change.node) && !(change.node_before && allows(pod, *change.node_before));
  }

  PreFilterResult pre_filter(const PodInfo& pod) const override {
    PreFilterResult result;
    const corev1::NodeSelector* required = required_by(pod);
    if (!required && pod.pod->spec.nodeSelector.empty() && !enforced()) {
      result.verdict.code = Code::skip;
    } else if (required && !required->nodeSelectorTerms.empty()) {
      result.only = names_in(*required);
      if (result.only && result.only->empty())
        result.verdict = {Code::unschedulable_and_unresolvable, "pod affinity terms conflict"};
    }
    return result;
  }

  Code filter(const PluginState*, const PodInfo& pod, const NodeInfo& node, Reasons& reasons) const override {
    if (enforced() && !matches_any(*enforced(), *node.node)) {
      reasons.push_back("node(s) didn't match scheduler-enforced node affinity");
      return Code::unschedulable_and_unresolvable;
    }
    if (selects(pod.pod->spec, *node.node)) return Code::success;
    reasons.push_back("node(s) didn't match Pod's node affinity/selector");
    return Code::unschedulable_and_unresolvable;
  }

  Code pre_score(const PodInfo& pod, std::span<const NodeInfo* const>, std::unique_ptr<PluginState>&) const override {
    const corev1::NodeAffinity* affinity = affinity_of(pod);
    const auto prefers = [](const corev1::NodeAffinity& one) { return !one.preferredDuringSchedulingIgnoredDuringExecution.empty(); };
    return (affinity && prefers(*affinity)) || prefers(added_) ? Code::success : Code::skip;
  }
  std::int64_t score(const PluginState*, const PodInfo& pod, const NodeInfo& node) const override {
    const corev1::NodeAffinity* affinity = affinity_of(pod);
    return weight_on(added_, *node.node) + (affinity ? weight_on(*affinity, *node.node) : 0);
  }
  void normalise(std::span<std::int64_t> scores) const override { scale_to_best(scores, false); }

 private:
  const corev1::NodeSelector* enforced() const { return added_.requiredDuringSchedulingIgnoredDuringExecution.get(); }
  bool allows(const PodInfo& pod, const corev1::Node& node) const {
    return selects(pod.pod->spec, node) && (!enforced() || matches_any(*enforced(), node));
  }

  corev1::NodeAffinity added_;
};

const Registered<Plugin> registered_node_affinity{"NodeAffinity", [] { return std::make_unique<NodeAffinity>(); }};

}  // namespace
}  // namespace plumb::scheduler
