#include "reference/scheduler/bindings.h"

#include <algorithm>

#include "harness/base/log.h"
#include "reference/informer/client.h"

namespace plumb::scheduler {

void Bindings::begin(QueuedPod queued, Lane& lane, const std::string& node, Instant began) {
  if (!reserve(queued, lane, node, began)) return;
  if (!preparations_.begin(*lane.profile, queued.pod, node, clock_.now())) return send(std::move(queued), lane, node, began);
  std::string uid(queued.pod->uid());
  all_.insert_or_assign(std::move(uid), Binding{std::move(queued), &lane, nullptr, {}, node, began, clock_.now()});
}

bool Bindings::refresh(const std::shared_ptr<const corev1::Pod>& pod) {
  const auto found = all_.find(pod->metadata.uid.view());
  if (found == all_.end()) return false;
  found->second.queued.pod = std::make_shared<PodInfo>(pod);
  return true;
}

void Bindings::drop(std::string_view uid) {
  const auto found = all_.find(uid);
  if (found == all_.end()) return;
  preparations_.drop(uid);
  unreserve(take(found));
}

// When a plugin refuses, the pod goes back to the queue.
bool Bindings::reserve(QueuedPod& queued, Lane& lane, const std::string& node, Instant began) {
  const auto refused = [&](std::string_view point, std::size_t slot, const Traits& traits, const Verdict& verdict) {
    for (const auto& asked : lane.profile->reserve) asked.plugin->unreserve(*queued.pod, node);
    table_.forget(queued.pod->uid());
    Failure failure{verdict.code, verdict.code == Code::error
                                      ? "running " + std::string(point) + " plugin \"" + std::string(traits.name) + "\": " + verdict.reason
                                      : "0/1 nodes are available: 1 " + verdict.reason + "."};
    failure.refusers.add(slot, traits.events);
    failures_.add(std::move(queued), lane, failure, began);
    return false;
  };
  for (const auto& asked : lane.profile->reserve)
    if (const Verdict verdict = asked.plugin->reserve(*queued.pod, node); !verdict.ok()) return refused("Reserve", asked.slot, asked.traits, verdict);
  for (const auto& asked : lane.profile->permit)
    if (const Verdict verdict = asked.plugin->permit(*queued.pod, node); !verdict.ok()) return refused("Permit", asked.slot, asked.traits, verdict);
  return true;
}

void Bindings::unreserve(const Binding& binding) {
  for (const auto& asked : binding.lane->profile->reserve) asked.plugin->unreserve(*binding.queued.pod, binding.node);
}

bool Bindings::go_on(Instant now) {
  const auto ended = preparations_.ended(now);
  for (const auto& [uid, failure] : ended) {
    const auto found = all_.find(uid);
    if (found == all_.end()) continue;
    Binding binding = take(found);
    if (!failure.empty()) give_back(std::move(binding), failure);
    else send(std::move(binding.queued), *binding.lane, binding.node, binding.began);
  }
  return !ended.empty();
}

void Bindings::send(QueuedPod queued, Lane& lane, const std::string& node, Instant began) {
  const PodInfoPtr pod = queued.pod;
  const Extender* extender = binder_of(*pod->pod);
  Binding binding{std::move(queued), &lane, extender, {}, node, began, clock_.now()};
  if (!extender) return send_by_plugin(std::move(binding));
  std::string uid(pod->uid());
  all_.insert_or_assign(uid, std::move(binding));
  extender->bind(pod->pod, node, [inbox = inbox_, uid = std::move(uid)](Status answer) {
    inbox->put({.about = Message::About::binding, .uid = uid, .answer = std::move(answer)});
  });
}

const Extender* Bindings::binder_of(const corev1::Pod& pod) const {
  const auto found = std::find_if(extenders_.begin(), extenders_.end(), [&](const auto& one) { return one->binds() && one->is_interested(pod); });
  return found == extenders_.end() ? nullptr : found->get();
}

void Bindings::send_by_plugin(Binding binding) {
  const PodInfoPtr pod = binding.queued.pod;
  const auto& binders = binding.lane->profile->bind;
  const auto binder = std::find_if(binders.begin(), binders.end(), [&](const auto& asked) { return asked.plugin->binds(*pod); });
  if (binder == binders.end()) return give_back(std::move(binding), "no plugin binds this pod");
  const std::string node = binding.node;
  std::string uid(pod->uid());
  binding.extender = nullptr;
  binding.plugin = binder->traits.name;
  all_.insert_or_assign(uid, std::move(binding));
  binder->plugin->bind(client_, *pod, node, [inbox = inbox_, uid = std::move(uid)](Status answer) {
    inbox->put({.about = Message::About::binding, .uid = uid, .answer = std::move(answer)});
  });
}

void Bindings::bound(const Message& answer) {
  const auto found = all_.find(answer.uid);
  if (found == all_.end()) return;  // the pod is gone
  Binding binding = take(found);
  const Instant now = clock_.now();
  const std::string_view profile = binding.lane->name();
  const corev1::Pod& pod = *binding.queued.pod->pod;
  if (!answer.answer.ok() && binding.extender && binding.extender->options().ignorable) {
    log::warning("scheduler", "bind pod " + informer::object_key(pod) + " without an ignorable extender: " + answer.answer.error().message);
    return send_by_plugin(std::move(binding));
  }
  metrics_.bound(profile, now - binding.sent, answer.answer.ok());
  if (answer.answer.ok()) {
    metrics_.tried(TryResult::scheduled, profile, now - binding.began);
    metrics_.scheduled(binding.queued.attempts, now - *binding.queued.first_tried_from);
    binding.lane->recorder->record(pod, informer::event_normal, "Scheduled",
                                   "Successfully assigned " + informer::object_key(pod) + " to " + binding.node);
    return;
  }
  // Where the informer has shown the pod on a node the answer was lost, or another scheduler was first.
  const std::string by = binding.extender ? "" : "running Bind plugin \"" + std::string(binding.plugin) + "\": ";
  give_back(std::move(binding), "binding rejected: " + by + answer.answer.error().message);
}

// The way to the node is closed: everything reserved is free again, and the pod back in the queue.
void Bindings::give_back(Binding binding, const std::string& why) {
  unreserve(binding);
  if (!table_.forget(binding.queued.pod->uid())) return;
  queue_.move({.events = event::pod_removed, .pod_before = binding.queued.pod, .node_name = binding.node}, "AssignedPodDelete", clock_.now());
  failures_.add(std::move(binding.queued), *binding.lane, {Code::error, why}, binding.began);
}

Bindings::Binding Bindings::take(StringMap<Binding>::iterator at) {
  Binding binding = std::move(at->second);
  all_.erase(at);
  return binding;
}

}  // namespace plumb::scheduler
