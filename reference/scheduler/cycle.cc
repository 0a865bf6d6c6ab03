#include "reference/scheduler/cycle.h"

#include <algorithm>
#include <utility>

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

Decision Cycle::run(const PodInfo& pod, const Advice* advice, bool say_in_victims) {
  Decision decision;
  advice_ = advice;
  searching_ = false;
  say_in_victims_ = say_in_victims;
  if (!find_nodes(pod, decision)) return decision;
  const Instant scoring = clock_.now();
  decision.node = feasible_.size() == 1 ? feasible_.front() : best(pod);
  decision.score = clock_.now() - scoring;
  return decision;
}

Decision Cycle::search(const PodInfo& pod, bool say_in_victims) {
  Decision decision;
  advice_ = nullptr;
  searching_ = true;
  say_in_victims_ = say_in_victims;
  decision.asked_at = table_.generation();
  if (!find_nodes(pod, decision)) return decision;
  for (const NodeInfo* node : feasible_) decision.found.push_back(node->node);
  for (const Refusal& refusal : refusals_) decision.filtered.insert(refusal.node->name().str());
  return decision;
}

// False when the decision has been made.
bool Cycle::find_nodes(const PodInfo& pod, Decision& decision) {
  feasible_.clear();
  refusals_.clear();
  reason_counts_.clear();
  table_.counts().trim();
  if (table_.nodes().empty()) {
    decision.code = Code::unschedulable_and_unresolvable;
    decision.message = "no nodes available to schedule pods";
    decision.refusers = Refusers::unknown();
    return false;
  }
  Candidates candidates;
  const Instant began = clock_.now();
  const bool go_on = pre_filter(pod, candidates, decision);
  const Instant filtering = clock_.now();
  decision.pre_filter = filtering - began;
  if (!go_on) return false;
  find(pod, candidates, decision);
  decision.filter = clock_.now() - filtering;
  decision.evaluated = feasible_.size() + refusals_.size();
  decision.feasible = feasible_.size();
  if (decision.code == Code::error) return false;
  if (!feasible_.empty()) return true;
  refuse(candidates, decision);
  make_room(pod, decision);
  return false;
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
  if (advice_) return find_advised(pod, candidates, decision);
  const NodeInfo* promised = nominated(pod);
  if (promised && !searching_) return feasible_.push_back(promised);
  find_all(candidates, decision);
  if (promised && std::find(feasible_.begin(), feasible_.end(), promised) == feasible_.end()) feasible_.push_back(promised);
}

void Cycle::find_all(const Candidates& candidates, Decision& decision) {
  if (candidates.narrowed) {
    for (const NodeInfo* node : candidates.named)
      if (fits(*node, decision)) feasible_.push_back(node);
    return;
  }
  const std::vector<NodeInfo*>& nodes = table_.nodes();
  const bool choosy = searching_ || !profile_.score.empty();
  const std::size_t wanted = choosy ? nodes_to_find(nodes.size(), profile_.options().percentage_of_nodes_to_score) : 1;
  std::size_t at = start_ % nodes.size();
  for (std::size_t asked = 0; asked < nodes.size() && feasible_.size() < wanted && decision.code != Code::error; ++asked) {
    if (fits(*nodes[at], decision)) feasible_.push_back(nodes[at]);
    if (++at == nodes.size()) at = 0;
  }
  start_ = at;
}

// Of the nodes that extenders allow. Where none can take the pod any more, all are asked again for their reasons.
void Cycle::find_advised(const PodInfo& pod, const Candidates& candidates, Decision& decision) {
  const auto is_candidate = [&](const NodeInfo* node) {
    return !candidates.narrowed || std::find(candidates.named.begin(), candidates.named.end(), node) != candidates.named.end();
  };
  if (const NodeInfo* promised = nominated(pod); promised && advice_->allowed.contains(promised->name().view())) return feasible_.push_back(promised);
  for (const std::string& name : advice_->allowed) {
    const NodeInfo* node = table_.find(name);
    if (node && is_candidate(node) && fits(*node, decision)) feasible_.push_back(node);
  }
  if (!feasible_.empty() || decision.code == Code::error) return;
  decision.outdated = !advice_->allowed.empty();
  refusals_.clear();
  reason_counts_.clear();
  find_all(candidates, decision);
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
  if (!refused.by) return !advice_ || is_advised(node, decision);
  if (refused.code == Code::error) {
    decision.code = Code::error;
    decision.message = "running \"" + std::string(refused.by->traits.name) + "\" filter plugin: " + joined(reasons_, ", ");
  }
  decision.refusers.add(refused.by->slot, refused.by->traits.events);
  for (const std::string_view reason : reasons_) reason_counts_.add(reason, 1);
  refusals_.push_back({&node, refused.code});
  return false;
}

// Any event may change an extender's mind.
bool Cycle::is_advised(const NodeInfo& node, Decision& decision) {
  const std::string_view name = node.name();
  if (advice_->allowed.contains(name)) return true;
  decision.refusers = Refusers::unknown();
  const auto refusal = advice_->refused.find(name);
  if (refusal != advice_->refused.end()) {
    reason_counts_.add(refusal->second.reason, 1);
    refusals_.push_back({&node, refusal->second.code});
    return false;
  }
  decision.outdated = decision.outdated || node.generation > advice_->asked_at || advice_->filtered.contains(name);
  refusals_.push_back({&node, Code::unschedulable_and_unresolvable});
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
    PostFilterResult result = asked.plugin->post_filter({pod, refusals_, table_.nominations.node_of(pod.uid()), try_on, random_, say_in_victims_});
    decision.post_filtered = true;
    if (!result.rooms.empty()) {
      decision.rooms = std::move(result.rooms);
      decision.chooser = asked.plugin;
      break;
    }
    if (!result.verdict.reason.empty()) decision.message += " " + result.verdict.reason;
    if (result.nominate) decision.nominate = std::move(result.nominate);
    decision.victims = std::move(result.victims);
    if (result.verdict.ok() || result.verdict.code == Code::error) break;
  }
}

void Cycle::choose(Decision& decision) const {
  std::erase_if(decision.rooms, [&](const Room& room) { return !table_.find(room.node); });
  PostFilterResult result = decision.chooser->choose(std::exchange(decision.rooms, {}));
  if (!result.verdict.reason.empty()) decision.message += " " + result.verdict.reason;
  decision.nominate = std::move(result.nominate);
  decision.victims = std::move(result.victims);
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
  if (advice_)
    for (std::size_t i = 0; i < feasible_.size(); ++i)
      if (const auto score = advice_->scores.find(feasible_[i]->name().view()); score != advice_->scores.end()) totals_[i] += score->second;
  const std::int64_t top = *std::max_element(totals_.begin(), totals_.end());
  std::uint64_t nth = random_.below(static_cast<std::uint64_t>(std::count(totals_.begin(), totals_.end(), top)));
  for (std::size_t i = 0;; ++i)
    if (totals_[i] == top && nth-- == 0) return feasible_[i];
}

}  // namespace plumb::scheduler
