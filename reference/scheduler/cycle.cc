#include "reference/scheduler/cycle.h"

#include <algorithm>

namespace plumb::scheduler {

namespace {

constexpr std::size_t least_to_find = 100;
constexpr int least_percentage = 5;

std::string joined(const std::vector<std::string_view>& texts, std::string_view separator) {
  std::string all;
  for (const std::string_view text : texts) {
    if (!all.empty()) all += separator;
    all += text;
  }
  return all;
}

}  // namespace

std::size_t nodes_to_find(std::size_t nodes, int percentage) {
  if (nodes < least_to_find) return nodes;
  if (percentage == 0) percentage = std::max(50 - static_cast<int>(nodes / 125), least_percentage);
  return std::max(nodes * static_cast<std::size_t>(percentage) / 100, least_to_find);
}

Cycle::Cycle(const Profile& profile, const NodeTable& table, const Clock& clock, std::uint64_t seed)
    : profile_(profile), table_(table), clock_(clock), random_(seed), states_(profile.slots()) {}

Decision Cycle::run(const PodInfo& pod) {
  Decision decision;
  feasible_.clear();
  refusals_.clear();
  histogram_.clear();
  if (table_.nodes().empty()) {
    decision.code = Code::unschedulable_and_unresolvable;
    decision.message = "no nodes available to schedule pods";
    decision.helps = event::any;
    return decision;
  }
  Candidates candidates;
  const Instant began = clock_.now();
  const bool go_on = pre_filter(pod, candidates, decision);
  const Instant filtering = clock_.now();
  decision.pre_filter = filtering - began;
  if (!go_on) return decision;
  find(pod, candidates, decision);
  const Instant scoring = clock_.now();
  decision.filter = scoring - filtering;
  decision.evaluated = feasible_.size() + refusals_.size();
  decision.feasible = feasible_.size();
  if (decision.code == Code::error) return decision;
  if (feasible_.empty()) {
    refuse(pod, candidates, decision);
    return decision;
  }
  decision.node = feasible_.size() == 1 ? feasible_.front() : best(pod);
  decision.score = clock_.now() - scoring;
  return decision;
}

// False when the decision has been made. Leaves the filters that are to be asked in filters_.
bool Cycle::pre_filter(const PodInfo& pod, Candidates& candidates, Decision& decision) {
  for (auto& state : states_) state.reset();
  std::vector<std::size_t> skip;
  for (const auto& asked : profile_.pre_filter) {
    PreFilterResult result = asked.plugin->pre_filter(pod);
    if (result.verdict.code == Code::skip) {
      skip.push_back(asked.slot);
      continue;
    }
    if (!result.verdict.ok()) {
      decision.code = result.verdict.code;
      decision.helps |= asked.traits.events;
      if (decision.code == Code::error)
        decision.message = "running PreFilter plugin \"" + std::string(asked.traits.name) + "\": " + result.verdict.reason;
      else
        decision.message = "0/" + std::to_string(table_.nodes().size()) + " nodes are available: " + result.verdict.reason + ".";
      return false;
    }
    states_[asked.slot] = std::move(result.state);
    if (result.only) {
      narrow(candidates, *result.only);
      candidates.narrowed_by.push_back(asked.traits.name);
      decision.helps |= asked.traits.events;
    }
  }
  filters_.clear();
  for (const auto& asked : profile_.filter)
    if (std::find(skip.begin(), skip.end(), asked.slot) == skip.end()) filters_.push_back(&asked);
  return true;
}

void Cycle::narrow(Candidates& candidates, const std::vector<std::string>& names) const {
  std::vector<const NodeInfo*> named;
  for (const std::string& name : names) {
    const NodeInfo* node = table_.find(name);
    if (!node) continue;
    if (!candidates.narrowed || std::find(candidates.named.begin(), candidates.named.end(), node) != candidates.named.end()) named.push_back(node);
  }
  candidates.named = std::move(named);
  candidates.narrowed = true;
}

void Cycle::find(const PodInfo& pod, const Candidates& candidates, Decision& decision) {
  if (candidates.narrowed) {
    for (const NodeInfo* node : candidates.named)
      if (fits(pod, *node, decision)) feasible_.push_back(node);
    return;
  }
  const std::vector<NodeInfo*>& nodes = table_.nodes();
  const std::size_t wanted = profile_.score.empty() ? 1 : nodes_to_find(nodes.size(), profile_.options().percentage_of_nodes_to_score);
  std::size_t at = start_ % nodes.size();
  for (std::size_t asked = 0; asked < nodes.size() && feasible_.size() < wanted && decision.code != Code::error; ++asked) {
    if (fits(pod, *nodes[at], decision)) feasible_.push_back(nodes[at]);
    if (++at == nodes.size()) at = 0;
  }
  start_ = at;
}

bool Cycle::fits(const PodInfo& pod, const NodeInfo& node, Decision& decision) {
  for (const auto* asked : filters_) {
    reasons_.clear();
    const Code code = asked->plugin->filter(states_[asked->slot].get(), pod, node, reasons_);
    if (code == Code::success) continue;
    if (code == Code::error) {
      decision.code = Code::error;
      decision.message = "running \"" + std::string(asked->traits.name) + "\" filter plugin: " + joined(reasons_, ", ");
    }
    decision.helps |= asked->traits.events;
    for (const std::string_view reason : reasons_) count(reason, 1);
    refusals_.push_back({&node, code});
    return false;
  }
  return true;
}

void Cycle::count(std::string_view reason, std::size_t times) {
  for (auto& [known, count] : histogram_) {
    if (known != reason) continue;
    count += times;
    return;
  }
  histogram_.emplace_back(reason, times);
}

// "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s)."
void Cycle::refuse(const PodInfo& pod, const Candidates& candidates, Decision& decision) {
  const std::size_t nodes = table_.nodes().size();
  std::string absent;
  if (candidates.narrowed && refusals_.size() < nodes) {
    absent = "node(s) didn't satisfy plugin(s) [" + joined(candidates.narrowed_by, " ") + "]";
    count(absent, nodes - refusals_.size());
  }
  std::vector<std::string> lines;
  for (const auto& [reason, times] : histogram_) lines.push_back(std::to_string(times) + " " + std::string(reason));
  std::sort(lines.begin(), lines.end());
  decision.code = Code::unschedulable;
  decision.message = "0/" + std::to_string(nodes) + " nodes are available:";
  for (std::size_t i = 0; i < lines.size(); ++i) decision.message += (i ? ", " : " ") + lines[i];
  if (!lines.empty()) decision.message += ".";
  for (const auto& asked : profile_.post_filter) {
    const Verdict verdict = asked.plugin->post_filter(pod, refusals_);
    if (!verdict.reason.empty()) decision.message += " " + verdict.reason;
    if (verdict.ok() || verdict.code == Code::error) break;
  }
}

const NodeInfo* Cycle::best(const PodInfo& pod) {
  totals_.assign(feasible_.size(), 0);
  scores_.resize(feasible_.size());
  for (const auto& asked : profile_.score) {
    std::unique_ptr<PluginState> made;
    if (asked.plugin->pre_score(pod, feasible_, made) == Code::skip) continue;
    if (made) states_[asked.slot] = std::move(made);
    const PluginState* state = states_[asked.slot].get();
    for (std::size_t i = 0; i < feasible_.size(); ++i) scores_[i] = asked.plugin->score(state, pod, *feasible_[i]);
    asked.plugin->normalise(scores_);
    for (std::size_t i = 0; i < feasible_.size(); ++i) totals_[i] += scores_[i] * asked.traits.weight;
  }
  const std::int64_t top = *std::max_element(totals_.begin(), totals_.end());
  std::uint64_t nth = random_.below(static_cast<std::uint64_t>(std::count(totals_.begin(), totals_.end(), top)));
  for (std::size_t i = 0;; ++i)
    if (totals_[i] == top && nth-- == 0) return feasible_[i];
}

}  // namespace plumb::scheduler
