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

Cycle::Cycle(Profile& profile, const NodeTable& table, const Clock& clock, std::uint64_t seed,
             std::function<informer::Informer&(const resources::Resource&)> informer)
    : profile_(profile), table_(table), handle_{table, std::move(informer)}, clock_(clock), random_(seed), filters_(profile, table) {
  profile.attach(handle_);
}

Decision Cycle::run(const PodInfo& pod) {
  Decision decision;
  feasible_.clear();
  refusals_.clear();
  reason_counts_.clear();
  table_.counts().trim();
  if (table_.nodes().empty()) {
    decision.code = Code::unschedulable_and_unresolvable;
    decision.message = "no nodes available to schedule pods";
    decision.refusers = Refusers::unknown();
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
    refuse(candidates, decision);
    make_room(pod, decision);
    return decision;
  }
  decision.node = feasible_.size() == 1 ? feasible_.front() : best(pod);
  decision.score = clock_.now() - scoring;
  return decision;
}

// False when the decision has been made.
bool Cycle::pre_filter(const PodInfo& pod, Candidates& candidates, Decision& decision) {
  filters_.begin(pod);
  for (const auto& asked : profile_.pre_filter) {
    PreFilterResult result = asked.plugin->pre_filter(pod);
    if (result.verdict.code == Code::skip) {
      filters_.skip(asked.slot);
      continue;
    }
    if (!result.verdict.ok()) {
      decision.code = result.verdict.code;
      decision.refusers.add(asked.slot, asked.traits.events);
      if (decision.code == Code::error) {
        decision.message = "running PreFilter plugin \"" + std::string(asked.traits.name) + "\": " + result.verdict.reason;
        return false;
      }
      decision.message = "0/" + std::to_string(table_.nodes().size()) + " nodes are available: " + result.verdict.reason + ".";
      make_room(pod, decision);
      return false;
    }
    filters_.keep(asked.slot, std::move(result.state));
    if (result.only) {
      narrow(candidates, *result.only);
      candidates.narrowed_by.push_back(asked.traits.name);
      decision.refusers.add(asked.slot, asked.traits.events);
    }
  }
  filters_.ready();
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
  if (const NodeInfo* promised = nominated(pod)) return feasible_.push_back(promised);
  if (candidates.narrowed) {
    for (const NodeInfo* node : candidates.named)
      if (fits(*node, decision)) feasible_.push_back(node);
    return;
  }
  const std::vector<NodeInfo*>& nodes = table_.nodes();
  const std::size_t wanted = profile_.score.empty() ? 1 : nodes_to_find(nodes.size(), profile_.options().percentage_of_nodes_to_score);
  std::size_t at = start_ % nodes.size();
  for (std::size_t asked = 0; asked < nodes.size() && feasible_.size() < wanted && decision.code != Code::error; ++asked) {
    if (fits(*nodes[at], decision)) feasible_.push_back(nodes[at]);
    if (++at == nodes.size()) at = 0;
  }
  start_ = at;
}

// The node where room was made for the pod, once there is.
const NodeInfo* Cycle::nominated(const PodInfo& pod) {
  if (table_.nominations.empty()) return nullptr;
  const NodeInfo* node = table_.find(table_.nominations.node_of(pod.uid()));
  reasons_.clear();
  return node && !filters_.ask(*node, reasons_).by ? node : nullptr;
}

bool Cycle::fits(const NodeInfo& node, Decision& decision) {
  reasons_.clear();
  const Filters::Refused refused = filters_.ask(node, reasons_);
  if (!refused.by) return true;
  if (refused.code == Code::error) {
    decision.code = Code::error;
    decision.message = "running \"" + std::string(refused.by->traits.name) + "\" filter plugin: " + joined(reasons_, ", ");
  }
  decision.refusers.add(refused.by->slot, refused.by->traits.events);
  for (const std::string_view reason : reasons_) reason_counts_.add(reason, 1);
  refusals_.push_back({&node, refused.code});
  return false;
}

void Cycle::refuse(const Candidates& candidates, Decision& decision) {
  const std::size_t nodes = table_.nodes().size();
  if (candidates.narrowed && refusals_.size() < nodes)
    reason_counts_.add("node(s) didn't satisfy plugin(s) [" + joined(candidates.narrowed_by, " ") + "]", nodes - refusals_.size());
  decision.code = Code::unschedulable;
  decision.message = reason_counts_.message(nodes);
}

void Cycle::make_room(const PodInfo& pod, Decision& decision) {
  const auto try_on = [this](const NodeInfo& node) { return filters_.try_on(node); };
  for (const auto& asked : profile_.post_filter) {
    PostFilterResult result = asked.plugin->post_filter({pod, refusals_, table_.nominations.node_of(pod.uid()), try_on, random_});
    decision.post_filtered = true;
    if (!result.verdict.reason.empty()) decision.message += " " + result.verdict.reason;
    if (result.nominate) decision.nominate = std::move(result.nominate);
    decision.victims = std::move(result.victims);
    if (result.verdict.ok() || result.verdict.code == Code::error) break;
  }
}

const NodeInfo* Cycle::best(const PodInfo& pod) {
  totals_.assign(feasible_.size(), 0);
  scores_.resize(feasible_.size());
  for (const auto& asked : profile_.score) {
    std::unique_ptr<PluginState> made;
    if (asked.plugin->pre_score(pod, feasible_, made) == Code::skip) continue;
    const PluginState* state = made ? made.get() : filters_.state(asked.slot);
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
