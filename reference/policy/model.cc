#include "reference/policy/model.h"

#include <algorithm>

#include "reference/resources/shared/label_selector.h"

namespace plumb::policy {
namespace {

constexpr std::array<Direction, 2> both = {Direction::ingress, Direction::egress};

// Where a set is found by the pods that may be in it: their namespace and one label.
std::string bucket_of(std::string_view namespace_, std::string_view label = {}, std::string_view value = {}) {
  std::string bucket(namespace_);
  bucket += '\n';
  if (!label.empty()) bucket.append(label).append("=").append(value);
  return bucket;
}

std::string bucket_of(const PeerSet& set) {
  for (const api::LabelRequirement& requirement : set.pods.requirements())
    if (const auto value = set.pods.exact(requirement.key)) return bucket_of(set.namespace_, requirement.key, *value);
  return bucket_of(set.namespace_);
}

// Whether the pod means the same to sets and rules.
bool is_same(const corev1::Pod& a, const corev1::Pod& b, Family family) {
  return a.metadata.labels == b.metadata.labels && a.metadata.uid == b.metadata.uid && a.spec.nodeName == b.spec.nodeName &&
         is_on_pod_network(a) == is_on_pod_network(b) && a.metadata.deletionTimestamp.set == b.metadata.deletionTimestamp.set &&
         addresses(a, family) == addresses(b, family) && a.spec.containers.size() == b.spec.containers.size();
}

}  // namespace

template <class Do>
void Model::each_pod_of(const std::string& namespace_, Do act) const {
  const std::string prefix = namespace_ + "/";
  for (auto at = pods_.lower_bound(prefix); at != pods_.end() && at->first.starts_with(prefix); ++at) act(*at->second);
}

bool Model::selects(const PeerSet& set, const std::string& namespace_) const {
  if (!set.namespace_.empty()) return set.namespace_ == namespace_;
  const auto found = namespaces_.find(namespace_);
  return found != namespaces_.end() && resources::matches(set.namespaces, found->second->metadata.labels);
}

void Model::count_in(const Members& members, const corev1::Pod& pod, int change) {
  for (const std::string& element : elements(members.set, pod, family_)) rules_.count(members.name, element, change);
}

void Model::count_pod(const corev1::Pod& pod, int change) {
  const auto look = [&](const std::string& bucket) {
    const auto found = buckets_.find(bucket);
    if (found == buckets_.end()) return;
    for (const Members* members : found->second)
      if (selects(members->set, pod.metadata.namespace_.str())) count_in(*members, pod, change);
  };
  for (const std::string_view namespace_ : {pod.metadata.namespace_.view(), std::string_view()}) {
    look(bucket_of(namespace_));
    for (const auto& [label, value] : pod.metadata.labels) look(bucket_of(namespace_, label, value));
  }
  if (!is_local(pod)) return;
  for (const std::string& address : addresses(pod, family_)) {
    rules_.count(known_pods, address, change);
    rules_.count(own_pairs, address + " . " + address, change);
  }
}

void Model::set_pod(const std::string& key, PodPtr pod) {
  const auto found = pods_.find(key);
  const PodPtr before = found == pods_.end() ? nullptr : found->second;
  if (before && pod && is_same(*before, *pod, family_)) {
    found->second = std::move(pod);
    return;
  }
  if ((before && is_local(*before)) || (pod && is_local(*pod))) undecided_.insert(key);
  if (before) count_pod(*before, -1);
  if (pod) count_pod(*pod, 1);
  if (pod) pods_[key] = std::move(pod);
  else if (before) pods_.erase(found);
}

void Model::mark_selected(const std::string& namespace_, const api::LabelSelector& selector) {
  const std::string prefix = namespace_ + "/";
  for (auto at = local_.lower_bound(prefix); at != local_.end() && at->first.starts_with(prefix); ++at) {
    const auto pod = pods_.find(at->first);
    if (pod != pods_.end() && resources::matches(selector, pod->second->metadata.labels)) undecided_.insert(at->first);
  }
}

void Model::set_policy(const std::string& key, PolicyPtr policy) {
  const std::string namespace_ = key.substr(0, key.find('/'));
  const auto found = policies_.find(key);
  if (found != policies_.end()) {
    if (policy && policy->spec == found->second.object->spec) return;
    mark_selected(namespace_, found->second.pods);
    policies_.erase(found);
  }
  if (!policy) return;
  Policy& made = policies_[key];
  made.pods = resources::to_selector(&policy->spec.podSelector);
  made.object = std::move(policy);
  mark_selected(namespace_, made.pods);
}

void Model::set_namespace(const std::string& name, std::shared_ptr<const corev1::Namespace> object) {
  std::vector<Members*> before, after;
  const auto note = [&](std::vector<Members*>& selecting) {
    for (Members* members : selecting_namespaces_)
      if (selects(members->set, name)) selecting.push_back(members);
  };
  note(before);
  if (object) namespaces_[name] = std::move(object);
  else namespaces_.erase(name);
  note(after);
  if (before == after) return;
  each_pod_of(name, [&](const corev1::Pod& pod) {
    for (const Members* members : after) count_in(*members, pod, 1);
    for (const Members* members : before) count_in(*members, pod, -1);
  });
}

std::vector<PolicyPtr> Model::policies_of(const corev1::Pod& pod) const {
  std::vector<PolicyPtr> found;
  const std::string prefix = pod.metadata.namespace_.str() + "/";
  for (auto at = policies_.lower_bound(prefix); at != policies_.end() && at->first.starts_with(prefix); ++at)
    if (resources::matches(at->second.pods, pod.metadata.labels)) found.push_back(at->second.object);
  return found;
}

std::string Model::name_of(const PeerSet& set) {
  const std::string key = set.key();
  Members& members = sets_[key];
  if (members.name.empty()) {
    members.set = set;
    members.name = "peers-" + std::to_string(next_set_++);
    key_of_set_[members.name] = key;
    named_.push_back(key);
  }
  return members.name;
}

void Model::use_set(const std::string& key) {
  Members& members = sets_.at(key);
  if (members.uses++ > 0) return;
  members.bucket = bucket_of(members.set);
  buckets_[members.bucket].insert(&members);
  rules_.add_set(members.name, !members.set.port.empty());
  const auto fill = [&](const std::string& namespace_) { each_pod_of(namespace_, [&](const corev1::Pod& pod) { count_in(members, pod, 1); }); };
  if (!members.set.namespace_.empty()) return fill(members.set.namespace_);
  selecting_namespaces_.insert(&members);
  for (const auto& [name, object] : namespaces_)
    if (selects(members.set, name)) fill(name);
}

void Model::release_set(const std::string& key) {
  Members& members = sets_.at(key);
  if (--members.uses > 0) return;
  const auto bucket = buckets_.find(members.bucket);
  bucket->second.erase(&members);
  if (bucket->second.empty()) buckets_.erase(bucket);
  selecting_namespaces_.erase(&members);
  rules_.drop_set(members.name);
  key_of_set_.erase(members.name);
  sets_.erase(key);
}

std::string Model::use_chain(Direction direction, const Decision& decision) {
  std::string key = direction == Direction::ingress ? "ingress" : "egress";
  const std::string prefix = key + "-";
  for (const std::string& rule : decision.rules) key.append("\n").append(rule);
  SharedChain& chain = chains_[key];
  if (chain.uses++ > 0) return key;
  chain.name = prefix + std::to_string(next_chain_++);
  for (const std::string& name : decision.sets) {
    chain.sets.push_back(key_of_set_.at(name));
    use_set(chain.sets.back());
  }
  rules_.add_chain(chain.name, decision.rules);
  return key;
}

void Model::release_chain(const std::string& key) {
  if (key.empty()) return;
  const auto found = chains_.find(key);
  if (--found->second.uses > 0) return;
  rules_.drop_chain(found->second.name);
  for (const std::string& set : found->second.sets) release_set(set);
  chains_.erase(found);
}

// Of two pods with one address, the one that was decided about last has it.
void Model::lead(Direction direction, const std::string& address, const std::string& pod, const std::string& chain) {
  auto& holders = holders_[index_of(direction)];
  const auto holder = holders.find(address);
  if (chain.empty() && (holder == holders.end() || holder->second != pod)) return;
  rules_.lead(direction, address, chain);
  if (chain.empty()) holders.erase(holder);
  else holders[address] = pod;
}

void Model::decide_pod(const std::string& key) {
  const auto pod = pods_.find(key);
  const bool here = pod != pods_.end() && is_local(*pod->second);
  const auto known = local_.find(key);
  const Local before = known == local_.end() ? Local() : known->second;
  Local after;
  std::vector<PolicyPtr> policies;
  if (here) {
    after.addresses = addresses(*pod->second, family_);
    policies = policies_of(*pod->second);
  }
  for (const Direction direction : both) {
    const std::size_t i = index_of(direction);
    Decision decision;
    if (here) decision = plumb::policy::decide(*pod->second, policies, direction, family_, [this](const PeerSet& set) { return name_of(set); });
    const bool drops = decision.isolated && !decision.open;
    if (drops && !after.addresses.empty()) after.applied[i].chain = use_chain(direction, decision);
    after.applied[i].waits = drops && after.addresses.empty() && !pod->second->metadata.deletionTimestamp.set;
    if (decision.isolated) isolated_[i].insert(key);
    else isolated_[i].erase(key);
    if (after.applied[i].waits) waiting_[i].insert(key);
    else waiting_[i].erase(key);
    const std::string chain = after.applied[i].chain.empty() ? std::string() : chains_.at(after.applied[i].chain).name;
    for (const std::string& address : before.addresses)
      if (chain.empty() || std::find(after.addresses.begin(), after.addresses.end(), address) == after.addresses.end()) lead(direction, address, key, "");
    for (const std::string& address : after.addresses)
      if (!chain.empty()) lead(direction, address, key, chain);
    release_chain(before.applied[i].chain);
  }
  if (here) local_[key] = std::move(after);
  else local_.erase(key);
}

void Model::decide() {
  for (const std::string& key : undecided_) decide_pod(key);
  undecided_.clear();
  for (const std::string& key : named_) {
    const auto found = sets_.find(key);
    if (found == sets_.end() || found->second.uses > 0) continue;
    key_of_set_.erase(found->second.name);
    sets_.erase(found);
  }
  named_.clear();
  rules_.set_guard({ranges_, !waiting_[0].empty(), !waiting_[1].empty()});
}

}  // namespace plumb::policy
