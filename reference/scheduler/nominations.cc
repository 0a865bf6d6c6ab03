#include "reference/scheduler/nominations.h"

#include <algorithm>

namespace plumb::scheduler {

void Nominations::set(const PodInfoPtr& pod, std::string_view node) {
  withdraw(pod->uid());
  pods_.emplace(std::string(pod->uid()), Nominated{pod, std::string(node)});
  nodes_[std::string(node)].push_back(pod);
}

void Nominations::withdraw(std::string_view uid) {
  const auto found = pods_.find(uid);
  if (found == pods_.end()) return;
  const auto there = nodes_.find(found->second.node);
  std::erase_if(there->second, [&](const PodInfoPtr& pod) { return pod->uid() == uid; });
  if (there->second.empty()) nodes_.erase(there);
  pods_.erase(found);
}

void Nominations::update(const PodInfoPtr& pod) {
  const api::Str& says = pod->pod->status.nominatedNodeName;
  if (!says.empty()) return set(pod, says);
  const auto found = pods_.find(pod->uid());
  if (found == pods_.end()) return;
  const bool said_before = !found->second.pod->pod->status.nominatedNodeName.empty();
  said_before ? withdraw(pod->uid()) : set(pod, std::string(found->second.node));
}

std::string_view Nominations::node_of(std::string_view uid) const {
  const auto found = pods_.find(uid);
  return found == pods_.end() ? std::string_view() : found->second.node;
}

const std::vector<PodInfoPtr>& Nominations::on(std::string_view node) const {
  static const std::vector<PodInfoPtr> none;
  const auto found = nodes_.find(node);
  return found == nodes_.end() ? none : found->second;
}

}  // namespace plumb::scheduler
