#include "reference/scheduler/queue.h"

#include <algorithm>

#include "reference/scheduler/likeness.h"

namespace plumb::scheduler {

struct SchedulingQueue::Entry {
  QueuedPod queued;
  Place place = Place::active;
  QueueOrder order;
  std::uint64_t arrival = 0;  // decides among equals
  std::multimap<Instant, Entry*>::iterator timed;
  // While it is unschedulable: with whom, and its place there.
  StringMap<Alike>::value_type* alike = nullptr;
  std::size_t at = 0;
};

namespace {

// Whether a try could now end otherwise: status, and what the server keeps for itself, do not count.
bool matters(const corev1::Pod& before, const corev1::Pod& after) {
  return !(before.spec == after.spec && before.metadata.labels == after.metadata.labels &&
           before.metadata.annotations == after.metadata.annotations && before.metadata.ownerReferences == after.metadata.ownerReferences &&
           before.metadata.deletionTimestamp == after.metadata.deletionTimestamp && before.status.resourceClaimStatuses == after.status.resourceClaimStatuses);
}

}  // namespace

Instant SchedulingQueue::backoff_until(const QueuedPod& queued) const {
  const int tries = queued.error_count > 0 ? queued.error_count : queued.unschedulable_count;
  if (tries == 0) return queued.failed_at;
  Duration delay = limits_.first_backoff;
  for (int i = 1; i < tries && delay < limits_.last_backoff; ++i) delay *= 2;
  return queued.failed_at + std::min(delay, limits_.last_backoff);
}

bool SchedulingQueue::Before::operator()(const Entry* a, const Entry* b) const {
  if (order->less(a->order, b->order)) return true;
  if (order->less(b->order, a->order)) return false;
  return a->arrival < b->arrival;
}

SchedulingQueue::SchedulingQueue(const QueueSortPlugin& order, PreEnqueue admits, Helps helps, Incoming incoming, QueueLimits limits)
    : admits_(std::move(admits)), helps_(std::move(helps)), incoming_(std::move(incoming)), limits_(limits), active_(Before{&order}) {}
SchedulingQueue::~SchedulingQueue() = default;

SchedulingQueue::Entry& SchedulingQueue::insert(QueuedPod pod) {
  auto made = std::make_unique<Entry>();
  made->queued = std::move(pod);
  made->arrival = ++arrivals_;
  std::string uid(made->queued.pod->uid());
  return *(entries_[std::move(uid)] = std::move(made));
}

void SchedulingQueue::put(Entry& entry, Place place, std::string_view event, Instant now) {
  entry.place = place;
  ++sizes_[static_cast<std::size_t>(place)];
  switch (place) {
    case Place::active:
      if (!entry.queued.first_tried_from) entry.queued.first_tried_from = now;
      entry.order = {entry.queued.pod->priority, entry.queued.since};
      active_.emplace(&entry, &entry);
      break;
    case Place::backoff: entry.timed = backoff_.emplace(backoff_until(entry.queued), &entry); break;
    case Place::unschedulable:
      entry.timed = unschedulable_.emplace(entry.queued.failed_at, &entry);
      join_group(entry);
      break;
    case Place::gated: break;
  }
  if (incoming_) incoming_(place, event);
}

void SchedulingQueue::take(Entry& entry) {
  --sizes_[static_cast<std::size_t>(entry.place)];
  switch (entry.place) {
    case Place::active: active_.erase(&entry); break;
    case Place::backoff: backoff_.erase(entry.timed); break;
    case Place::unschedulable:
      unschedulable_.erase(entry.timed);
      leave_group(entry);
      break;
    case Place::gated: break;
  }
}

void SchedulingQueue::join_group(Entry& entry) {
  // The node a pod waits for room on may make a difference to a hint.
  std::string key = entry.queued.nominated_node + '/' + likeness(*entry.queued.pod);
  entry.alike = &*groups_[entry.queued.refusers].try_emplace(std::move(key)).first;
  entry.at = entry.alike->second.size();
  entry.alike->second.push_back(&entry);
}

void SchedulingQueue::leave_group(Entry& entry) {
  Alike& alike = entry.alike->second;
  alike[entry.at] = alike.back();
  alike[entry.at]->at = entry.at;
  alike.pop_back();
  if (!alike.empty()) return;
  const auto group = groups_.find(entry.queued.refusers);
  group->second.erase(group->second.find(entry.alike->first));
  if (group->second.empty()) groups_.erase(group);
}

// To where a pod goes that may be tried: the gate, the back-off, or the front.
void SchedulingQueue::make_ready(Entry& entry, std::string_view event, Instant now) {
  if (!admits_(*entry.queued.pod)) return put(entry, Place::gated, event, now);
  put(entry, backoff_until(entry.queued) > now ? Place::backoff : Place::active, event, now);
}

SchedulingQueue::Place SchedulingQueue::set(PodInfoPtr pod, Instant now) {
  const auto found = entries_.find(pod->uid());
  if (found == entries_.end()) {
    QueuedPod queued;
    queued.pod = std::move(pod);
    queued.since = queued.failed_at = now;
    Entry& entry = insert(std::move(queued));
    make_ready(entry, "PodAdd", now);
    return entry.place;
  }
  Entry& entry = *found->second;
  if (!matters(*entry.queued.pod->pod, *pod->pod)) {
    show(entry, std::move(pod));
    return entry.place;
  }
  take(entry);
  entry.queued.pod = std::move(pod);
  entry.place == Place::backoff ? put(entry, Place::backoff, "PodUpdate", now) : make_ready(entry, "PodUpdate", now);
  return entry.place;
}

// Another status: all that counts is which node the pod waits for.
void SchedulingQueue::show(Entry& entry, PodInfoPtr pod) {
  const api::Str& nominated = pod->pod->status.nominatedNodeName;
  const bool other = nominated != entry.queued.pod->pod->status.nominatedNodeName && nominated != entry.queued.nominated_node;
  const bool grouped = other && entry.place == Place::unschedulable;
  if (grouped) leave_group(entry);
  if (other) entry.queued.nominated_node = nominated.str();
  entry.queued.pod = std::move(pod);
  if (grouped) join_group(entry);
}

bool SchedulingQueue::remove(std::string_view uid) {
  const auto found = entries_.find(uid);
  if (found == entries_.end()) return false;
  take(*found->second);
  entries_.erase(found);
  return true;
}

std::optional<QueuedPod> SchedulingQueue::pop() {
  if (active_.empty()) return std::nullopt;
  Entry& entry = *active_.begin()->second;
  QueuedPod queued = entry.queued;
  ++queued.attempts;
  remove(queued.pod->uid());
  return queued;
}

void SchedulingQueue::refused(QueuedPod pod, const Refusers& refusers, Instant now) {
  pod.refusers = refusers;
  pod.failed_at = pod.since = now;
  pod.error_count = 0;
  ++pod.unschedulable_count;
  put(insert(std::move(pod)), Place::unschedulable, "ScheduleAttemptFailure", now);
}

void SchedulingQueue::failed(QueuedPod pod, Instant now) {
  pod.refusers = Refusers::unknown();
  pod.failed_at = pod.since = now;
  ++pod.error_count;
  put(insert(std::move(pod)), Place::backoff, "ScheduleAttemptFailure", now);
}

void SchedulingQueue::move(const Change& change, std::string_view label, Instant now) {
  if (!change.events) return;
  // What is emptied goes, so the next is looked up before.
  for (auto group = groups_.begin(); group != groups_.end();) {
    auto& [refusers, kinds] = *group++;
    if (!(refusers.events & change.events)) continue;
    std::vector<Alike*> helped;
    for (auto& [key, alike] : kinds)
      if (helps_(*alike.front()->queued.pod, refusers, change)) helped.push_back(&alike);
    for (Alike* alike : helped) move_alike(*alike, label, now);
  }
}

void SchedulingQueue::move_alike(Alike& alike, std::string_view event, Instant now) {
  for (std::size_t i = alike.size(); i-- > 0;) {
    Entry& entry = *alike[i];
    take(entry);
    make_ready(entry, event, now);
  }
}

void SchedulingQueue::reconsider(std::string_view uid, Instant now) {
  const auto found = entries_.find(uid);
  if (found == entries_.end()) return;
  Entry& entry = *found->second;
  if (entry.place != Place::unschedulable && entry.place != Place::gated) return;
  take(entry);
  make_ready(entry, "ForceActivate", now);
}

void SchedulingQueue::flush(Instant now) {
  while (!backoff_.empty() && backoff_.begin()->first <= now) {
    Entry& entry = *backoff_.begin()->second;
    take(entry);
    put(entry, Place::active, "BackoffComplete", now);
  }
  while (!unschedulable_.empty() && unschedulable_.begin()->first + limits_.longest_unschedulable <= now) {
    Entry& entry = *unschedulable_.begin()->second;
    take(entry);
    make_ready(entry, "UnschedulableTimeout", now);
  }
}

std::optional<Instant> SchedulingQueue::next_flush() const {
  std::optional<Instant> next;
  if (!backoff_.empty()) next = backoff_.begin()->first;
  if (!unschedulable_.empty()) {
    const Instant timeout = unschedulable_.begin()->first + limits_.longest_unschedulable;
    next = next ? std::min(*next, timeout) : timeout;
  }
  return next;
}

bool SchedulingQueue::contains(std::string_view uid) const { return entries_.find(uid) != entries_.end(); }

std::optional<SchedulingQueue::Place> SchedulingQueue::place_of(std::string_view uid) const {
  const auto found = entries_.find(uid);
  if (found == entries_.end()) return std::nullopt;
  return found->second->place;
}

}  // namespace plumb::scheduler
