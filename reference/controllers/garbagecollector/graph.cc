#include "reference/controllers/garbagecollector/graph.h"

#include <algorithm>

namespace plumb::controllers::garbagecollector {

bool has_finalizer(const api::Object& object, std::string_view name) {
  const auto& finalizers = object.metadata.finalizers;
  return std::any_of(finalizers.begin(), finalizers.end(), [&](const api::Str& finalizer) { return finalizer == name; });
}
bool waits_for_dependents(const api::Object& object) { return object.metadata.deletionTimestamp && has_finalizer(object, foreground_finalizer); }
bool orphans_dependents(const api::Object& object) { return object.metadata.deletionTimestamp && has_finalizer(object, orphan_finalizer); }

std::vector<std::string> Graph::change(const informer::Resource& resource, const informer::ObjectPtr& before, const informer::ObjectPtr& after) {
  const auto* was = before ? &before->metadata : nullptr;
  const auto* is = after ? &after->metadata : nullptr;
  if (was && is && was->uid == is->uid && was->ownerReferences == is->ownerReferences && was->deletionTimestamp == is->deletionTimestamp &&
      was->finalizers == is->finalizers)
    return {};
  std::vector<std::string> worth_a_look;
  const auto look_at = [&](std::string uid) { worth_a_look.push_back(std::move(uid)); };

  std::lock_guard lock(mutex_);
  if (was) {
    // An owner that waits for this object may be free to go now.
    for (std::string& owner : unlink(was->uid.str())) look_at(std::move(owner));
    if (const auto found = dependents_.find(was->uid.str()); found != dependents_.end() && (!is || was->uid != is->uid))
      for (const std::string& dependent : found->second) look_at(dependent);
  }
  if (!is) return worth_a_look;

  Node node{&resource, informer::object_key(*after), {}};
  for (const metav1::OwnerReference& owner : is->ownerReferences) node.owners.push_back(owner.uid.str());
  link(is->uid.str(), std::move(node));
  if (!is->ownerReferences.empty() || orphans_dependents(*after)) look_at(is->uid.str());
  if (waits_for_dependents(*after)) {
    look_at(is->uid.str());
    if (const auto found = dependents_.find(is->uid.str()); found != dependents_.end())
      for (const std::string& dependent : found->second) look_at(dependent);
  }
  for (const metav1::OwnerReference& owner : is->ownerReferences) look_at(owner.uid.str());
  return worth_a_look;
}

std::optional<Graph::Node> Graph::find(const std::string& uid) const {
  std::lock_guard lock(mutex_);
  const auto found = nodes_.find(uid);
  return found == nodes_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::pair<std::string, Graph::Node>> Graph::dependents(const std::string& uid) const {
  std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, Node>> result;
  const auto found = dependents_.find(uid);
  if (found == dependents_.end()) return result;
  for (const std::string& dependent : found->second)
    if (const auto node = nodes_.find(dependent); node != nodes_.end()) result.emplace_back(dependent, node->second);
  return result;
}

bool Graph::has_dependents(const std::string& uid) const {
  std::lock_guard lock(mutex_);
  return dependents_.contains(uid);
}

void Graph::link(const std::string& uid, Node node) {
  for (const std::string& owner : node.owners) dependents_[owner].insert(uid);
  nodes_[uid] = std::move(node);
}

std::vector<std::string> Graph::unlink(const std::string& uid) {
  const auto node = nodes_.find(uid);
  if (node == nodes_.end()) return {};
  std::vector<std::string> owners = std::move(node->second.owners);
  nodes_.erase(node);
  for (const std::string& owner : owners) {
    const auto found = dependents_.find(owner);
    if (found == dependents_.end()) continue;
    found->second.erase(uid);
    if (found->second.empty()) dependents_.erase(found);
  }
  return owners;
}

}  // namespace plumb::controllers::garbagecollector
