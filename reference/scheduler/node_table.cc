#include "reference/scheduler/node_table.h"

#include <algorithm>

#include "reference/api/text/quantity.h"

namespace plumb::scheduler {

namespace {

std::int64_t pods_of(const api::Map<api::QuantityText>& amounts) {
  const api::QuantityText* text = amounts.find("pods");
  if (!text) return 0;
  const auto quantity = api::Quantity::parse(text->text);
  return quantity.ok() ? quantity->value() : 0;
}

Events difference(const corev1::Node& before, const corev1::Node& after) {
  Events events = 0;
  if (!(before.status.allocatable == after.status.allocatable)) events |= event::node_allocatable;
  if (!(before.metadata.labels == after.metadata.labels)) events |= event::node_label;
  if (!(before.spec.taints == after.spec.taints) || before.spec.unschedulable != after.spec.unschedulable) events |= event::node_taint;
  return events;
}

// Nothing about the pod has changed that is worked out or counted here.
bool counts_the_same(const corev1::Pod& before, const corev1::Pod& after) {
  const auto leaving = [](const corev1::Pod& pod) { return static_cast<bool>(pod.metadata.deletionTimestamp); };
  return before.metadata.labels == after.metadata.labels && leaving(before) == leaving(after);
}

bool asks_for_less(const Resources& after, const Resources& before) {
  if (after.cpu < before.cpu || after.memory < before.memory || after.ephemeral_storage < before.ephemeral_storage) return true;
  return std::any_of(before.scalars.begin(), before.scalars.end(), [&](const auto& entry) { return after.scalar(entry.first) < entry.second; });
}

}  // namespace

void NodeInfo::set_node(std::shared_ptr<const corev1::Node> to) {
  node = std::move(to);
  allocatable = resources_of(node->status.allocatable);
  allocatable_pods = pods_of(node->status.allocatable);
  unschedulable = node->spec.unschedulable;
  has_hard_taints = has_soft_taints = false;
  for (const corev1::Taint& taint : node->spec.taints)
    (taint.effect == corev1::TaintEffectPreferNoSchedule ? has_soft_taints : has_hard_taints) = true;
}

void NodeInfo::add_pod(const PodInfoPtr& pod) {
  requested += pod->requests;
  scored_cpu += pod->scored_cpu;
  scored_memory += pod->scored_memory;
  ports.insert(ports.end(), pod->ports.begin(), pod->ports.end());
  pods.push_back(pod);
  least_priority = std::min(least_priority, pod->priority);
}

void NodeInfo::remove_pod(const PodInfo& pod) {
  const auto at = std::find_if(pods.begin(), pods.end(), [&](const PodInfoPtr& placed) { return placed.get() == &pod; });
  if (at == pods.end()) return;
  requested -= pod.requests;
  scored_cpu -= pod.scored_cpu;
  scored_memory -= pod.scored_memory;
  for (const HostPort& port : pod.ports) ports.erase(std::find(ports.begin(), ports.end(), port));
  const std::int32_t priority = pod.priority;  // the pod may go with its place
  std::swap(*at, pods.back());
  pods.pop_back();
  if (priority != least_priority) return;
  least_priority = std::numeric_limits<std::int32_t>::max();
  for (const PodInfoPtr& left : pods) least_priority = std::min(least_priority, left->priority);
}

void NodeInfo::refresh_pod(const PodInfo& pod, const PodInfoPtr& by) {
  const auto at = std::find_if(pods.begin(), pods.end(), [&](const PodInfoPtr& placed) { return placed.get() == &pod; });
  if (at != pods.end()) *at = by;
}

NodeTable::Row& NodeTable::row(std::string_view name) {
  const auto found = rows_.find(name);
  if (found != rows_.end()) return found->second;
  Row& made = rows_[std::string(name)];
  made.info = std::make_unique<NodeInfo>(name);
  return made;
}

void NodeTable::drop_if_unused(std::string_view name) {
  const auto found = rows_.find(name);
  if (found != rows_.end() && !found->second.info->node && found->second.info->pods.empty()) rows_.erase(found);
}

const NodeInfo* NodeTable::find(std::string_view name) const {
  const auto found = rows_.find(name);
  return found != rows_.end() && found->second.info->node ? found->second.info.get() : nullptr;
}

Change NodeTable::set_node(const std::shared_ptr<const corev1::Node>& node) {
  Row& at = row(node->metadata.name);
  NodeInfo& info = *at.info;
  const Change change{info.node ? difference(*info.node, *node) : event::node_added, info.node, node, nullptr, nullptr};
  if (!info.node) images_.add(info, node->status.images);
  else if (!(info.node->status.images == node->status.images)) change_images(info, node->status.images);
  if (!change.events) {
    info.node = node;
    return change;
  }
  const bool moves = change.events & (event::node_added | event::node_label | event::node_taint);
  if (info.node && moves) counts_.leave(info);
  if (!info.node) {
    at.place = nodes_.size();
    nodes_.push_back(&info);
  }
  info.set_node(node);
  info.generation = ++generation_;
  if (moves) counts_.join(info);
  return change;
}

void NodeTable::change_images(const NodeInfo& node, const api::List<corev1::ContainerImage>& images) {
  images_.remove(node, node.node->status.images);
  images_.add(node, images);
}

Change NodeTable::remove_node(std::string_view name) {
  const auto found = rows_.find(name);
  if (found == rows_.end() || !found->second.info->node) return {};
  const Change change{event::node_removed, found->second.info->node, nullptr, nullptr, nullptr};
  counts_.leave(*found->second.info);
  images_.remove(*found->second.info, found->second.info->node->status.images);
  found->second.info->node.reset();
  const std::size_t place = found->second.place;
  nodes_[place] = nodes_.back();
  nodes_.pop_back();
  if (place < nodes_.size()) rows_.find(nodes_[place]->name().view())->second.place = place;
  drop_if_unused(name);
  return change;
}

void NodeTable::place(Placed placed) {
  placed.node->add_pod(placed.pod);
  if (placed.node->node) counts_.add(*placed.pod, *placed.node);
  placed.node->generation = ++generation_;
  assumed_ += placed.assumed;
  std::string uid(placed.pod->uid());
  pods_.insert_or_assign(std::move(uid), std::move(placed));
}

NodeTable::Placed NodeTable::take(StringMap<Placed>::iterator at) {
  Placed placed = std::move(at->second);
  pods_.erase(at);
  if (placed.node->node) counts_.remove(*placed.pod, *placed.node);
  placed.node->remove_pod(*placed.pod);
  placed.node->generation = ++generation_;
  assumed_ -= placed.assumed;
  return placed;
}

Change NodeTable::set_pod(const std::shared_ptr<const corev1::Pod>& pod) {
  const auto found = pods_.find(pod->metadata.uid.view());
  if (found == pods_.end()) {
    const auto made = std::make_shared<PodInfo>(pod);
    place({made, row(pod->spec.nodeName).info.get(), false});
    return {event::pod_assigned, nullptr, nullptr, nullptr, made};
  }
  Placed& known = found->second;
  if (known.node->name() == pod->spec.nodeName && counts_the_same(*known.pod->pod, *pod)) {
    // A binding changes nothing that is counted, so the assumed pod stays where it is, and as it was until its next change.
    if (known.assumed) {
      known.assumed = false;
      --assumed_;
      return {event::pod_assigned, nullptr, nullptr, nullptr, known.pod};
    }
    if (known.pod->pod->spec == pod->spec) return refresh(known, pod), Change();
  }
  const Placed before = take(found);
  const auto after = std::make_shared<PodInfo>(pod);
  place({after, row(pod->spec.nodeName).info.get(), false});
  Events events = before.assumed ? event::pod_assigned : Events(0);
  const std::string node_name = before.node->name().str();
  if (pod->spec.nodeName != node_name) {
    events |= event::pod_removed | event::pod_assigned;
    drop_if_unused(node_name);
  }
  if (asks_for_less(after->requests, before.pod->requests)) events |= event::pod_scaled_down;
  if (!(before.pod->pod->metadata.labels == pod->metadata.labels)) events |= event::pod_label;
  return {.events = events, .pod_before = before.pod, .pod = after, .node_name = node_name};
}

void NodeTable::refresh(Placed& known, const std::shared_ptr<const corev1::Pod>& pod) {
  auto now = std::make_shared<PodInfo>(pod, *known.pod);
  known.node->refresh_pod(*known.pod, now);
  known.pod = std::move(now);
}

Change NodeTable::remove_pod(std::string_view uid) {
  const auto found = pods_.find(uid);
  if (found == pods_.end()) return {};
  const Placed gone = take(found);
  Change change{.events = event::pod_removed, .pod_before = gone.pod, .node_name = gone.node->name().str()};
  drop_if_unused(change.node_name);
  return change;
}

bool NodeTable::assume(const PodInfoPtr& pod, std::string_view node) {
  if (pods_.contains(pod->uid())) return false;
  place({pod, row(node).info.get(), true});
  return true;
}

bool NodeTable::forget(std::string_view uid) {
  const auto found = pods_.find(uid);
  if (found == pods_.end() || !found->second.assumed) return false;
  const Placed gone = take(found);
  drop_if_unused(gone.node->name());
  return true;
}

bool NodeTable::is_assumed(std::string_view uid) const {
  const auto found = pods_.find(uid);
  return found != pods_.end() && found->second.assumed;
}

}  // namespace plumb::scheduler
