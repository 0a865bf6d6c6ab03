#include <algorithm>
#include <cmath>
#include <limits>

#include "reference/resources/shared/label_selector.h"
#include "reference/scheduler/node_table.h"
#include "reference/scheduler/plugins/pod_topology_spread/constraints.h"

namespace plumb::scheduler {
namespace {

constexpr std::string_view hostname = "kubernetes.io/hostname";
constexpr std::int64_t not_scored = -1;

std::vector<api::Str> keys_of(const std::vector<SpreadConstraint>& constraints) {
  std::vector<api::Str> keys;
  for (const SpreadConstraint& one : constraints) keys.push_back(one.topology_key);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

// One constraint that must hold.
struct Hard {
  const PodCount* count;
  std::int64_t max_skew, min_domains;
  int itself;  // 1 when the constraint counts the pod
  // Of the domains of nodes that count: the one with the fewest pods, and how many the next one has.
  Domain least_domain = no_domain;
  std::int64_t least = std::numeric_limits<std::int32_t>::max(), next_least = least;
  std::int64_t domains = 0;
  int change = 0;  // to the table, in the domain of the node that is asked about

  void find_least() {
    for (Domain domain = 1; domain < count->nodes().size(); ++domain) {
      if (count->nodes().at(domain) == 0) continue;
      ++domains;
      const std::int64_t pods = count->pods().at(domain);
      if (pods < least) {
        next_least = least;
        least = pods;
        least_domain = domain;
      } else {
        next_least = std::min(next_least, pods);
      }
    }
  }
  std::int64_t least_with_change(Domain changed) const {
    if (domains < min_domains) return 0;
    if (change == 0 || count->nodes().at(changed) == 0) return least;
    return std::min<std::int64_t>(count->pods().at(changed) + change, changed == least_domain ? next_least : least);
  }
};

struct FilterState final : PluginState {
  std::vector<Hard> constraints;
  std::unique_ptr<PluginState> clone() const override { return std::make_unique<FilterState>(*this); }
};

// Constraints that should hold.
struct ScoreState final : PluginState {
  struct Soft {
    const PodCount* count;
    double weight;
    std::int32_t max_skew;
  };
  std::vector<Soft> constraints;
  bool need_all = true;
  bool scores(const NodeInfo& node) const {
    const auto lacks = [&](const Soft& one) { return one.count->domain_of(node) == no_domain; };
    return !need_all || std::none_of(constraints.begin(), constraints.end(), lacks);
  }
};

// Would the pods of the workload be spread evenly enough over the domains of a topology? Scores: the fewer of them in the node's domains, the
// better; a topology with more domains counts more.
class PodTopologySpread final : public Plugin, public PreFilterPlugin, public PreFilterExtensions, public FilterPlugin, public ScorePlugin {
 public:
  Traits traits() const override {
    return {.name = "PodTopologySpread",
            .order = 130,
            .weight = 2,
            .events = event::pod_assigned | event::pod_removed | event::pod_label | event::node_added | event::node_removed | event::node_label |
                      event::node_taint};
  }
  Status configure(const DocReader& args) override { return constraints_.configure(args); }
  void attach(const Handle& handle) override {
    counts_ = &handle.table.counts();
    constraints_.attach(handle);
  }

  bool helps(const PodInfo& pod, const Change& change) const override {
    const auto constraints = constraints_.of(*pod.pod, corev1::DoNotSchedule);
    if (change.node || change.node_before) return node_helps(constraints, change);
    const auto counted = [&](const PodInfo* other) {
      if (!other || other->pod->metadata.namespace_ != pod.pod->metadata.namespace_) return false;
      return std::any_of(constraints.begin(), constraints.end(),
                         [&](const SpreadConstraint& one) { return resources::matches(one.selector, other->pod->metadata.labels); });
    };
    return counted(change.pod_before.get()) || counted(change.pod.get());
  }

  PreFilterResult pre_filter(const PodInfo& pod) const override {
    PreFilterResult result;
    const auto constraints = constraints_.of(*pod.pod, corev1::DoNotSchedule);
    if (constraints.empty()) {
      result.verdict.code = Code::skip;
      return result;
    }
    auto state = std::make_unique<FilterState>();
    const std::vector<api::Str> keys = keys_of(constraints);
    for (const SpreadConstraint& one : constraints) {
      Hard& made = state->constraints.emplace_back();
      made.count = counts_->count(SpreadConstraints::query(pod.pod, one, keys));
      made.max_skew = one.max_skew;
      made.min_domains = one.min_domains;
      made.itself = resources::matches(one.selector, pod.pod->metadata.labels);
      made.find_least();
    }
    result.state = std::move(state);
    return result;
  }

  void change(PluginState& state, const PodInfo&, const PodInfo& other, const NodeInfo& node, int by) const override {
    for (Hard& one : static_cast<FilterState&>(state).constraints)
      if (one.count->includes(*other.pod, nullptr) && one.count->includes(node)) one.change += by;
  }

  Code filter(const PluginState* state, const PodInfo&, const NodeInfo& node, Reasons& reasons) const override {
    for (const Hard& one : static_cast<const FilterState*>(state)->constraints) {
      const Domain domain = one.count->domain_of(node);
      if (domain == no_domain) {
        reasons.push_back("node(s) didn't match pod topology spread constraints (missing required label)");
        return Code::unschedulable_and_unresolvable;
      }
      const std::int64_t pods = one.count->pods().at(domain) + one.change;
      if (pods + one.itself - one.least_with_change(domain) <= one.max_skew) continue;
      reasons.push_back("node(s) didn't match pod topology spread constraints");
      return Code::unschedulable;
    }
    return Code::success;
  }

  Code pre_score(const PodInfo& pod, std::span<const NodeInfo* const> nodes, std::unique_ptr<PluginState>& state) const override {
    const auto constraints = constraints_.of(*pod.pod, corev1::ScheduleAnyway);
    if (constraints.empty()) return Code::skip;
    auto made = std::make_unique<ScoreState>();
    made->need_all = constraints_.need_all_topologies(*pod.pod);
    const std::vector<api::Str> keys = made->need_all ? keys_of(constraints) : std::vector<api::Str>();
    for (const SpreadConstraint& one : constraints)
      made->constraints.push_back({counts_->count(SpreadConstraints::query(pod.pod, one, keys)), 0, one.max_skew});
    for (std::size_t i = 0; i < constraints.size(); ++i)
      made->constraints[i].weight = std::log(static_cast<double>(domains_of(*made, i, constraints[i].topology_key == hostname, nodes) + 2));
    state = std::move(made);
    return Code::success;
  }

  std::int64_t score(const PluginState* of, const PodInfo&, const NodeInfo& node) const override {
    const auto& state = static_cast<const ScoreState&>(*of);
    if (!state.scores(node)) return not_scored;
    double score = 0;
    for (const ScoreState::Soft& one : state.constraints) {
      const Domain domain = one.count->domain_of(node);
      // A skew that is allowed waters the differences down.
      if (domain != no_domain) score += one.count->pods().at(domain) * one.weight + (one.max_skew - 1);
    }
    return std::llround(score);
  }

  void normalise(std::span<std::int64_t> scores) const override {
    std::int64_t least = std::numeric_limits<std::int64_t>::max(), most = 0;
    for (const std::int64_t score : scores) {
      if (score == not_scored) continue;
      least = std::min(least, score);
      most = std::max(most, score);
    }
    for (std::int64_t& score : scores) {
      if (score == not_scored) score = 0;
      else score = most == 0 ? max_score : max_score * (most + least - score) / most;
    }
  }

 private:
  static bool node_helps(const std::vector<SpreadConstraint>& constraints, const Change& change) {
    const auto counts = [&](const corev1::Node* node) {
      return node && std::all_of(constraints.begin(), constraints.end(),
                                 [&](const SpreadConstraint& one) { return node->metadata.labels.contains(one.topology_key); });
    };
    return counts(change.node.get()) || counts(change.node_before.get());
  }

  // Of the nodes that are scored. Hostnames are as many as these; where not all topologies are needed, nodes without this one are a domain.
  static std::size_t domains_of(const ScoreState& state, std::size_t which, bool by_hostname, std::span<const NodeInfo* const> nodes) {
    const PodCount& count = *state.constraints[which].count;
    std::vector<bool> seen(count.nodes().size());
    std::size_t domains = 0, scored = 0;
    for (const NodeInfo* node : nodes) {
      if (!state.scores(*node)) continue;
      ++scored;
      if (by_hostname) continue;
      const Domain domain = count.domain_of(*node);
      if (domain >= seen.size()) seen.resize(domain + 1);
      if (!seen[domain]) ++domains;
      seen[domain] = true;
    }
    return by_hostname ? scored : domains;
  }

  PodCounts* counts_ = nullptr;
  SpreadConstraints constraints_;
};

const Registered<Plugin> registered_pod_topology_spread{"PodTopologySpread", [] { return std::make_unique<PodTopologySpread>(); }};

}  // namespace
}  // namespace plumb::scheduler
