#include <algorithm>

#include "reference/scheduler/node_table.h"
#include "reference/scheduler/whole_number.h"

namespace plumb::scheduler {
namespace {

using Requirements = api::List<corev1::NodeSelectorRequirement>;

bool contains(const api::List<api::Str>& values, std::string_view value) {
  return std::any_of(values.begin(), values.end(), [&](const api::Str& one) { return one == value; });
}

bool matches(const corev1::NodeSelectorRequirement& requirement, const api::Str* value) {
  const std::string_view op = requirement.operator_;
  if (op == corev1::NodeSelectorOpIn) return value && contains(requirement.values, *value);
  if (op == corev1::NodeSelectorOpNotIn) return !value || !contains(requirement.values, *value);
  if (op == corev1::NodeSelectorOpExists) return value != nullptr;
  if (op == corev1::NodeSelectorOpDoesNotExist) return value == nullptr;
  if (!value || requirement.values.size() != 1) return false;
  const auto has = whole_number(*value), bound = whole_number(requirement.values[0]);
  if (!has || !bound) return false;
  if (op == corev1::NodeSelectorOpGt) return *has > *bound;
  if (op == corev1::NodeSelectorOpLt) return *has < *bound;
  return false;
}

// A term without requirements matches no node.
bool matches(const corev1::NodeSelectorTerm& term, const NodeInfo& node) {
  if (term.matchExpressions.empty() && term.matchFields.empty()) return false;
  const auto by_label = [&](const corev1::NodeSelectorRequirement& one) { return matches(one, node.node->metadata.labels.find(one.key)); };
  const auto by_field = [&](const corev1::NodeSelectorRequirement& one) { return one.key == "metadata.name" && matches(one, &node.name()); };
  return std::all_of(term.matchExpressions.begin(), term.matchExpressions.end(), by_label) &&
         std::all_of(term.matchFields.begin(), term.matchFields.end(), by_field);
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
    if (matches_selector(pod, node) && matches_required(pod, node)) return Code::success;
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
      if (matches(term.preference, node)) sum += term.weight;
    return sum;
  }
  void normalise(std::span<std::int64_t> scores) const override { scale_to_best(scores, false); }

 private:
  static bool matches_selector(const PodInfo& pod, const NodeInfo& node) {
    const auto& wanted = pod.pod->spec.nodeSelector;
    return std::all_of(wanted.begin(), wanted.end(), [&](const auto& entry) {
      const api::Str* value = node.node->metadata.labels.find(entry.key);
      return value && *value == entry.value;
    });
  }
  static bool matches_required(const PodInfo& pod, const NodeInfo& node) {
    const corev1::NodeSelector* required = required_by(pod);
    if (!required) return true;
    return std::any_of(required->nodeSelectorTerms.begin(), required->nodeSelectorTerms.end(),
                       [&](const corev1::NodeSelectorTerm& term) { return matches(term, node); });
  }
};

const Registered<Plugin> registered{"NodeAffinity", [] { return std::make_unique<NodeAffinity>(); }};

}  // namespace
}  // namespace plumb::scheduler
