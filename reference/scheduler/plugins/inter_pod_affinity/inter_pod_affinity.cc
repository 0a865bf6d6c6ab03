#include <algorithm>
#include <limits>

#include "reference/scheduler/doc_reader.h"
#include "reference/scheduler/node_table.h"

namespace plumb::scheduler {
namespace {

// Numbers of terms by topology key.
class Changes {
 public:
  void add(const api::Str& key, int by) {
    for (auto& [known, sum] : changes_)
      if (known == key) return void(sum += by);
    changes_.emplace_back(key, by);
  }
  const auto& all() const { return changes_; }

 private:
  std::vector<std::pair<api::Str, int>> changes_;
};

bool has_label(const NodeInfo& node, std::string_view key) { return node.node->metadata.labels.contains(key); }

struct FilterState final : PluginState {
  // Terms of pods on nodes that forbid this one beside them.
  std::vector<const TermGroup*> forbidding;
  // Pods that match all of the pod's terms, by the topology of each term; and those that match each anti-affinity term.
  std::vector<const PodCount*> wanted, unwanted;
  bool matches_itself = false;
  Changes forbidding_changes;
  int wanted_change = 0;
  std::vector<int> unwanted_changes;

  std::unique_ptr<PluginState> clone() const override { return std::make_unique<FilterState>(*this); }
};

struct ScoreState final : PluginState {
  struct Part {
    TopologySlot slot;
    const DomainCounts* counts;
    std::int64_t weight;
  };
  std::vector<Part> parts;
};

// Do the pod's affinity and anti-affinity to other pods, and theirs to it, allow the node? Scores: the sum of the weights of preferred terms
// that hold there, the pod's own and those of pods that are there already; a required affinity of theirs counts with a weight of its own.
class InterPodAffinity final : public Plugin, public PreFilterPlugin, public PreFilterExtensions, public FilterPlugin, public ScorePlugin {
 public:
  Traits traits() const override {
    return {.name = "InterPodAffinity",
            .order = 140,
            .weight = 2,
            .events = event::pod_assigned | event::pod_removed | event::pod_label | event::node_added | event::node_label | event::node_taint};
  }
  Status configure(const DocReader& args) override {
    PLUMB_TRY(args.members({"hardPodAffinityWeight", "ignorePreferredTermsOfExistingPods"}));
    hard_pod_affinity_weight_ = PLUMB_TRY(args.integer("hardPodAffinityWeight", 1, 0, 100));
    ignore_preferred_terms_of_existing_pods_ = PLUMB_TRY(args.flag("ignorePreferredTermsOfExistingPods", false));
    return {};
  }
  void attach(const Handle& handle) override { counts_ = &handle.table.counts(); }

  // One pod must match all required terms, so one that comes to match them may help, and one that ceases to match an anti-affinity.
  bool helps(const PodInfo& pod, const Change& change) const override {
    if (change.node) return !pod.terms || any_topology(pod.terms->required, *change.node) || any_topology(pod.terms->anti_required, *change.node);
    if (change.pod && pod.terms && matches_all(pod.terms->required, *change.pod) &&
        !(change.pod_before && matches_all(pod.terms->required, *change.pod_before)))
      return true;
    if (!change.pod_before || !stands_in_the_way(pod, *change.pod_before)) return false;
    return (change.events & event::pod_removed) || !change.pod || !stands_in_the_way(pod, *change.pod);
  }

  PreFilterResult pre_filter(const PodInfo& pod) const override {
    PreFilterResult result;
    std::vector<const TermGroup*> forbidding = counts_->terms_matching(TermKind::anti_required, *pod.pod);
    const bool asks = pod.terms && (!pod.terms->required.empty() || !pod.terms->anti_required.empty());
    if (forbidding.empty() && !asks) {
      result.verdict.code = Code::skip;
      return result;
    }
    auto state = std::make_unique<FilterState>();
    state->forbidding = std::move(forbidding);
    if (asks) look_up_own(pod, *state);
    result.state = std::move(state);
    return result;
  }

  void change(PluginState& of, const PodInfo& pod, const PodInfo& other, const NodeInfo&, int by) const override {
    auto& state = static_cast<FilterState&>(of);
    if (other.terms)
      for (const PodTerm& term : other.terms->anti_required)
        if (term.pods.matches(*pod.pod, labels_of(pod))) state.forbidding_changes.add(term.topology_key, by);
    if (!pod.terms) return;
    if (matches_all(pod.terms->required, other)) state.wanted_change += by;
    for (std::size_t i = 0; i < pod.terms->anti_required.size(); ++i)
      if (pod.terms->anti_required[i].pods.matches(*other.pod, labels_of(other))) state.unwanted_changes[i] += by;
  }

  Code filter(const PluginState* of, const PodInfo&, const NodeInfo& node, Reasons& reasons) const override {
    const auto& state = static_cast<const FilterState&>(*of);
    if (!wanted_there(state, node)) {
      reasons.push_back("node(s) didn't match pod affinity rules");
      return Code::unschedulable_and_unresolvable;
    }
    if (unwanted_there(state, node)) {
      reasons.push_back("node(s) didn't match pod anti-affinity rules");
      return Code::unschedulable;
    }
    if (forbidden_there(state, node)) {
      reasons.push_back("node(s) didn't satisfy existing pods anti-affinity rules");
      return Code::unschedulable;
    }
    return Code::success;
  }

  Code pre_score(const PodInfo& pod, std::span<const NodeInfo* const>, std::unique_ptr<PluginState>& state) const override {
    const bool prefers = pod.terms && (!pod.terms->preferred.empty() || !pod.terms->anti_preferred.empty());
    if (!prefers && (ignore_preferred_terms_of_existing_pods_ || nobody_prefers())) return Code::skip;
    auto made = std::make_unique<ScoreState>();
    if (pod.terms) {
      for (const PodTerm& term : pod.terms->preferred) add_own(*made, term, 1);
      for (const PodTerm& term : pod.terms->anti_preferred) add_own(*made, term, -1);
    }
    add_theirs(*made, TermKind::required, pod, [this](const PodTerm&) { return hard_pod_affinity_weight_; });
    add_theirs(*made, TermKind::preferred, pod, [](const PodTerm& term) { return std::int64_t{term.weight}; });
    add_theirs(*made, TermKind::anti_preferred, pod, [](const PodTerm& term) { return -std::int64_t{term.weight}; });
    if (made->parts.empty()) return Code::skip;
    state = std::move(made);
    return Code::success;
  }

  std::int64_t score(const PluginState* of, const PodInfo&, const NodeInfo& node) const override {
    std::int64_t sum = 0;
    for (const ScoreState::Part& part : static_cast<const ScoreState&>(*of).parts) sum += part.weight * part.counts->at(node.domain(part.slot));
    return sum;
  }

  void normalise(std::span<std::int64_t> scores) const override {
    if (scores.empty()) return;
    const auto [least, most] = std::minmax_element(scores.begin(), scores.end());
    const std::int64_t bottom = *least;
    const double range = static_cast<double>(*most - bottom);
    for (std::int64_t& score : scores)
      score = range > 0 ? static_cast<std::int64_t>(static_cast<double>(max_score) * (static_cast<double>(score - bottom) / range)) : 0;
  }

 private:
  bool nobody_prefers() const {
    return !counts_->has_terms(TermKind::required) && !counts_->has_terms(TermKind::preferred) && !counts_->has_terms(TermKind::anti_preferred);
  }
  static bool any_topology(const std::vector<PodTerm>& terms, const corev1::Node& node) {
    return std::any_of(terms.begin(), terms.end(), [&](const PodTerm& term) { return node.metadata.labels.contains(term.topology_key); });
  }
  // By an anti-affinity of either to the other.
  bool stands_in_the_way(const PodInfo& pod, const PodInfo& other) const { return avoids(pod, other) || avoids(other, pod); }
  bool avoids(const PodInfo& pod, const PodInfo& other) const {
    return pod.terms && std::any_of(pod.terms->anti_required.begin(), pod.terms->anti_required.end(),
                                    [&](const PodTerm& term) { return term.pods.matches(*other.pod, labels_of(other)); });
  }

  const api::Map<api::Str>* labels_of(const PodInfo& pod) const { return counts_->namespace_labels(pod.pod->metadata.namespace_); }

  bool matches_all(const std::vector<PodTerm>& terms, const PodInfo& pod) const {
    return !terms.empty() && std::all_of(terms.begin(), terms.end(), [&](const PodTerm& term) { return term.pods.matches(*pod.pod, labels_of(pod)); });
  }

  void look_up_own(const PodInfo& pod, FilterState& state) const {
    std::vector<PodMatcher> all;
    std::string id = "all of";
    for (const PodTerm& term : pod.terms->required) {
      all.push_back(term.pods);
      id += " [" + term.pods.text() + "]";
    }
    for (const PodTerm& term : pod.terms->required) state.wanted.push_back(count(all, id, term.topology_key));
    for (const PodTerm& term : pod.terms->anti_required) state.unwanted.push_back(count({term.pods}, term.pods.text(), term.topology_key));
    state.unwanted_changes.resize(state.unwanted.size());
    state.matches_itself = matches_all(pod.terms->required, pod);
  }
  const PodCount* count(std::vector<PodMatcher> pods, const std::string& id, const api::Str& topology_key) const {
    CountQuery query;
    query.id = "affinity " + topology_key.str() + " " + id;
    query.pods = std::move(pods);
    query.topology_key = topology_key;
    return counts_->count(std::move(query));
  }

  // Every term has such a pod in the node's domain. The first of pods that want to be beside each other finds none anywhere: it may go
  // wherever the topologies are.
  static bool wanted_there(const FilterState& state, const NodeInfo& node) {
    bool all = true, none_anywhere = true;
    for (const PodCount* count : state.wanted) {
      const Domain domain = node.domain(count->slot());
      if (domain == no_domain) return false;
      if (count->pods().at(domain) + state.wanted_change <= 0) all = false;
      if (count->pods().total() + state.wanted_change != 0) none_anywhere = false;
    }
    return all || (none_anywhere && state.matches_itself);
  }
  static bool unwanted_there(const FilterState& state, const NodeInfo& node) {
    for (std::size_t i = 0; i < state.unwanted.size(); ++i) {
      const Domain domain = node.domain(state.unwanted[i]->slot());
      if (domain != no_domain && state.unwanted[i]->pods().at(domain) + state.unwanted_changes[i] > 0) return true;
    }
    return false;
  }
  static bool forbidden_there(const FilterState& state, const NodeInfo& node) {
    const auto& groups = state.forbidding;
    if (state.forbidding_changes.all().empty())
      return std::any_of(groups.begin(), groups.end(), [&](const TermGroup* group) { return group->counts.at(node.domain(group->slot)) > 0; });
    // The changes say how many terms of a topology come or go, not which.
    Changes sums = state.forbidding_changes;
    for (const TermGroup* group : groups) sums.add(group->term.topology_key, group->counts.at(node.domain(group->slot)));
    return std::any_of(sums.all().begin(), sums.all().end(), [&](const auto& sum) { return sum.second > 0 && has_label(node, sum.first); });
  }

  void add_own(ScoreState& state, const PodTerm& term, int sign) const {
    const PodCount* found = count({term.pods}, term.pods.text(), term.topology_key);
    if (found->pods().total() != 0) state.parts.push_back({found->slot(), &found->pods(), std::int64_t{term.weight} * sign});
  }
  template <class Weight>
  void add_theirs(ScoreState& state, TermKind kind, const PodInfo& pod, Weight weight) const {
    for (const TermGroup* group : counts_->terms_matching(kind, *pod.pod))
      if (const std::int64_t of = weight(group->term); of != 0) state.parts.push_back({group->slot, &group->counts, of});
  }

  PodCounts* counts_ = nullptr;
  std::int64_t hard_pod_affinity_weight_ = 1;
  bool ignore_preferred_terms_of_existing_pods_ = false;
};

const Registered<Plugin> registered_inter_pod_affinity{"InterPodAffinity", [] { return std::make_unique<InterPodAffinity>(); }};

}  // namespace
}  // namespace plumb::scheduler
