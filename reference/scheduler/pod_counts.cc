#include "reference/scheduler/pod_counts.h"

#include <algorithm>

#include "reference/scheduler/node_selection.h"
#include "reference/scheduler/node_table.h"
#include "reference/scheduler/tolerations.h"

namespace plumb::scheduler {

namespace {

bool any_by_namespace_labels(const CountQuery& query) {
  return std::any_of(query.pods.begin(), query.pods.end(), [](const PodMatcher& pods) { return pods.by_namespace_labels; });
}

}  // namespace

Domain PodCount::domain_of(const NodeInfo& node) const { return node.domain(slot_); }

bool PodCount::includes(const NodeInfo& node) const {
  for (const TopologySlot slot : node_slots_)
    if (node.domain(slot) == no_domain) return false;
  if (query_.honour_affinity && !selects(query_.of->spec, *node.node)) return false;
  return !query_.honour_taints || !node.has_hard_taints || !untolerated_hard_taint(query_.of->spec.tolerations, *node.node);
}

bool PodCount::includes(const corev1::Pod& pod, const api::Map<api::Str>* namespace_labels) const {
  if (query_.leave_out_terminating && pod.metadata.deletionTimestamp) return false;
  return std::all_of(query_.pods.begin(), query_.pods.end(), [&](const PodMatcher& pods) { return pods.matches(pod, namespace_labels); });
}

TopologySlot PodCounts::use(std::string_view key) {
  const Topologies::Use use = topologies_.use(key);
  if (use.is_new)
    for (NodeInfo* node : nodes_) topologies_.start(use.slot, node->domains, node->node->metadata.labels);
  return use.slot;
}

void PodCounts::change(const PodInfo& pod, const NodeInfo& node, int by) {
  if (pod.terms) {
    change_terms(TermKind::required, pod.terms->required, node, by);
    change_terms(TermKind::preferred, pod.terms->preferred, node, by);
    change_terms(TermKind::anti_required, pod.terms->anti_required, node, by);
    change_terms(TermKind::anti_preferred, pod.terms->anti_preferred, node, by);
  }
  if (index_.empty()) return;
  const api::Map<api::Str>* labels = namespace_labels(pod.pod->metadata.namespace_);
  index_.each(*pod.pod, [&](PodCount& count) {
    if (count.includes(*pod.pod, labels) && count.includes(node)) count.pods_.add(count.domain_of(node), by);
  });
}

void PodCounts::change_terms(TermKind kind, const std::vector<PodTerm>& terms, const NodeInfo& node, int by) {
  Groups& all = groups(kind);
  for (const PodTerm& term : terms) {
    std::unique_ptr<TermGroup>& group = all.by_id[term.id];
    if (!group) {
      group = std::make_unique<TermGroup>();
      group->term = term;
      group->slot = use(term.topology_key);
      all.index.add(group->term.pods, group.get());
    }
    group->counts.add(node.domain(group->slot), by);
    by > 0 ? ++group->pods : --group->pods;
    if (group->pods != 0) continue;
    topologies_.release(group->slot);
    all.index.remove(group->term.pods, group.get());
    all.by_id.erase(term.id);
  }
}

void PodCounts::join(NodeInfo& node) {
  topologies_.set(node.domains, node.node->metadata.labels);
  for (const PodInfoPtr& pod : node.pods) add(*pod, node);
  for (const auto& [id, count] : counts_)
    if (count->includes(node)) count->nodes_.add(count->domain_of(node), 1);
}

void PodCounts::leave(NodeInfo& node) {
  for (const PodInfoPtr& pod : node.pods) remove(*pod, node);
  for (const auto& [id, count] : counts_)
    if (count->includes(node)) count->nodes_.add(count->domain_of(node), -1);
  topologies_.clear(node.domains);
}

void PodCounts::set_namespace(std::string_view name, const api::Map<api::Str>& labels) {
  const auto found = namespaces_.find(name);
  if (found == namespaces_.end()) namespaces_.emplace(name, labels);
  else if (found->second == labels) return;
  else found->second = labels;
  namespaces_changed();
}

void PodCounts::remove_namespace(std::string_view name) {
  const auto found = namespaces_.find(name);
  if (found == namespaces_.end()) return;
  namespaces_.erase(found);
  namespaces_changed();
}

void PodCounts::namespaces_changed() {
  for (auto at = counts_.begin(); at != counts_.end();) at = any_by_namespace_labels(at->second->query_) ? drop(at) : std::next(at);
}

const api::Map<api::Str>* PodCounts::namespace_labels(std::string_view name) const {
  const auto found = namespaces_.find(name);
  return found == namespaces_.end() ? nullptr : &found->second;
}

std::vector<const TermGroup*> PodCounts::terms_matching(TermKind kind, const corev1::Pod& pod) const {
  std::vector<const TermGroup*> matching;
  if (!has_terms(kind)) return matching;
  const api::Map<api::Str>* labels = namespace_labels(pod.metadata.namespace_);
  groups(kind).index.each(pod, [&](const TermGroup& group) {
    if (group.counts.total() != 0 && group.term.pods.matches(pod, labels)) matching.push_back(&group);
  });
  return matching;
}

const TermGroup* PodCounts::find_term(TermKind kind, const std::string& id) const {
  const auto found = groups(kind).by_id.find(id);
  return found == groups(kind).by_id.end() ? nullptr : found->second.get();
}

const PodCount* PodCounts::count(CountQuery query) {
  std::unique_ptr<PodCount>& count = counts_[query.id];
  if (!count) {
    count = std::make_unique<PodCount>();
    count->query_ = std::move(query);
    count->slot_ = use(count->query_.topology_key);
    count->node_slots_.push_back(count->slot_);
    for (const api::Str& key : count->query_.node_keys)
      if (key != count->query_.topology_key) count->node_slots_.push_back(use(key));
    index_.add(count->query_.pods.front(), count.get());
    fill(*count);
    grown_ = true;
  }
  count->asked_ = ++questions_;
  return count.get();
}

void PodCounts::fill(PodCount& count) {
  for (const NodeInfo* node : nodes_) {
    if (!count.includes(*node)) continue;
    const Domain domain = count.domain_of(*node);
    count.nodes_.add(domain, 1);
    for (const PodInfoPtr& pod : node->pods)
      if (count.includes(*pod->pod, namespace_labels(pod->pod->metadata.namespace_))) count.pods_.add(domain, 1);
  }
}

PodCounts::Counts::iterator PodCounts::drop(Counts::iterator at) {
  for (const TopologySlot slot : at->second->node_slots_) topologies_.release(slot);
  index_.remove(at->second->query_.pods.front(), at->second.get());
  return counts_.erase(at);
}

void PodCounts::trim(std::size_t most, std::size_t most_cells) {
  if (!grown_) return;
  grown_ = false;
  std::size_t cells = 0;
  for (const auto& [id, count] : counts_) cells += count->pods_.size() + count->nodes_.size();
  if (counts_.size() <= most && cells <= most_cells) return;
  std::vector<std::uint64_t> asked;
  for (const auto& [id, count] : counts_) asked.push_back(count->asked_);
  const auto middle = asked.begin() + static_cast<std::ptrdiff_t>(asked.size() / 2);
  std::nth_element(asked.begin(), middle, asked.end());
  const std::uint64_t kept_from = *middle;
  for (auto at = counts_.begin(); at != counts_.end();) at = at->second->asked_ < kept_from ? drop(at) : std::next(at);
}

}  // namespace plumb::scheduler
