#include "reference/scheduler/cluster_changes.h"

#include "reference/scheduler/object_events.h"

namespace plumb::scheduler {

namespace {

bool is_terminal(const corev1::Pod& pod) { return pod.status.phase == corev1::PodSucceeded || pod.status.phase == corev1::PodFailed; }

}  // namespace

void ClusterChanges::take(const Message& message) {
  const api::TypeInfo& type = (message.after ? message.after : message.before)->type();
  if (&type == &corev1::Node::info()) node_changed(message);
  else if (&type == &corev1::Namespace::info()) namespace_changed(message);
  else if (const Events events = events_of(type)) other_changed(message, type, events);
  else pod_changed(api::as<corev1::Pod>(message.before), api::as<corev1::Pod>(message.after));
}

void ClusterChanges::node_changed(const Message& message) {
  const auto node = api::as<corev1::Node>(message.after);
  if (!node) return queue_.move(table_.remove_node(message.before->metadata.name), "NodeDelete", clock_.now());
  const Change change = table_.set_node(node);
  queue_.move(change, change.events & event::node_added ? "NodeAdd" : "NodeUpdate", clock_.now());
}

void ClusterChanges::namespace_changed(const Message& message) {
  if (message.after) table_.counts().set_namespace(message.after->metadata.name, message.after->metadata.labels);
  else table_.counts().remove_namespace(message.before->metadata.name);
}

void ClusterChanges::other_changed(const Message& message, const api::TypeInfo& type, Events events) {
  const std::string_view how = !message.before ? "Add" : !message.after ? "Delete" : "Update";
  queue_.move({events, nullptr, nullptr, nullptr, nullptr, message.before, message.after}, std::string(type.name) + std::string(how), clock_.now());
  bindings_.look_again();
}

void ClusterChanges::pod_changed(const PodPtr& before, const PodPtr& after) {
  if (before && (!after || before->metadata.uid != after->metadata.uid)) pod_gone(*before);
  if (!after) return;
  if (is_terminal(*after)) return pod_gone(*after);
  if (!after->spec.nodeName.empty()) return pod_placed(after);
  if (!lanes_.of(*after) || bindings_.refresh(after) || consultations_.refresh(after)) return;
  const auto info = std::make_shared<PodInfo>(after);
  table_.nominations.update(info);
  queue_.set(info, clock_.now());
}

void ClusterChanges::pod_placed(const PodPtr& pod) {
  consultations_.drop(pod->metadata.uid);
  queue_.remove(pod->metadata.uid);
  table_.nominations.withdraw(pod->metadata.uid);
  const Change change = table_.set_pod(pod);
  queue_.move(change, change.events & event::pod_assigned ? "AssignedPodAdd" : "AssignedPodUpdate", clock_.now());
}

void ClusterChanges::pod_gone(const corev1::Pod& pod) {
  bindings_.drop(pod.metadata.uid);
  consultations_.drop(pod.metadata.uid);
  queue_.remove(pod.metadata.uid);
  table_.nominations.withdraw(pod.metadata.uid);
  queue_.move(table_.remove_pod(pod.metadata.uid), "AssignedPodDelete", clock_.now());
}

}  // namespace plumb::scheduler
