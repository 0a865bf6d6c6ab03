#include "reference/apiserver/cache/resource_cache.h"

#include <algorithm>

#include "reference/apiserver/server_metrics.h"

namespace plumb::apiserver {
namespace {

constexpr std::size_t watcher_capacity = 10'000;  // events a consumer may lie behind
constexpr std::size_t events_kept_at_least = 100;
constexpr std::size_t events_kept_at_most = 32'768;
constexpr Duration events_kept_for = std::chrono::seconds(75);

std::string_view field_worth_an_index(const resources::Resource& resource) {
  for (const std::string_view name : resource.selectable_field_names())
    if (name == "spec.nodeName") return name;
  return {};
}

std::string field_group(std::string_view field, std::string_view value) { return std::string(field).append("=").append(value); }

}  // namespace

ResourceCache::ResourceCache(const resources::Resource& resource, Clock& clock, const std::atomic<Revision>& reached)
    : resource_(resource), clock_(clock), indexed_field_(field_worth_an_index(resource)),
      received_(cache_events_received(resource)),
      reached_(reached), state_(std::make_shared<Snapshot>()) {}

Revision ResourceCache::revision() const { return std::max(applied_, reached_.load(std::memory_order_acquire)); }

Revision ResourceCache::known_up_to() const {
  const std::lock_guard lock(mutex_);
  return revision();
}

CachedPtr ResourceCache::find(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const CachedPtr* found = state_->find(key);
  return found ? *found : nullptr;
}

ResourceCache::State ResourceCache::state() const {
  const std::lock_guard lock(mutex_);
  shared_ = true;
  return {state_, revision(), applied_};
}

std::size_t ResourceCache::size() const {
  const std::lock_guard lock(mutex_);
  return state_->size();
}

std::string ResourceCache::group_of(const Selection& selection) const {
  if (const auto name = selection.fields.exact("metadata.name")) return field_group("metadata.name", *name);
  if (!indexed_field_.empty())
    if (const auto value = selection.fields.exact(indexed_field_)) return field_group(indexed_field_, *value);
  return selection.namespace_.empty() ? std::string() : field_group("metadata.namespace", selection.namespace_);
}

ApiResult<WatcherPtr> ResourceCache::watch(Selection selection, WatchStart start) {
  WatcherPtr watcher(new Watcher(resource_, std::move(selection), start.bookmarks, watcher_capacity));
  const std::string group = group_of(watcher->selection_);
  const std::lock_guard lock(mutex_);
  if (start.after && *start.after < forgotten_)
    return status::too_old(std::to_string(*start.after), std::to_string(forgotten_ + 1));
  if (!start.after) {
    shared_ = true;
    watcher->initial_ = state_;
    if (start.initial_bookmark) watcher->initial_bookmark_ = WatchEvent{EventType::bookmark, nullptr, revision(), true};
  } else {
    watcher->after_ = *start.after;
    const auto first = std::upper_bound(events_.begin(), events_.end(), *start.after, [](Revision r, const Event& event) { return r < event.revision; });
    for (auto at = first; at != events_.end(); ++at) {
      Candidate now(resource_, **at->object);
      std::optional<Candidate> before;
      if (at->previous) before.emplace(resource_, **at->previous);
      if (const auto type = seen_by(watcher->selection_, now, before ? &*before : nullptr, at->type))
        watcher->queue_.push_back({*type, at->object, at->revision});
    }
  }
  watcher->unregister_ = [self = shared_from_this()](Watcher& gone) { self->unregister(gone); };
  watchers_[group].insert(watcher.get());
  return watcher;
}

void ResourceCache::unregister(Watcher& watcher) {
  const std::lock_guard lock(mutex_);
  const auto group = watchers_.find(group_of(watcher.selection_));
  if (group == watchers_.end()) return;
  group->second.erase(&watcher);
  if (group->second.empty()) watchers_.erase(group);
}

void ResourceCache::apply_put(CachedPtr object) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(shared_, false)) state_ = std::make_shared<Snapshot>(*state_);
  const Revision revision = object->revision();
  CachedPtr previous = state_->put(object);
  const EventType type = previous ? EventType::modified : EventType::added;
  record({type, std::move(object), std::move(previous), revision, clock_.now()});
}

void ResourceCache::apply_remove(std::string_view key, Revision revision) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(shared_, false)) state_ = std::make_shared<Snapshot>(*state_);
  CachedPtr previous = state_->remove(key);
  if (!previous) return;
  auto last = api::clone(**previous);
  last->metadata.resourceVersion = std::to_string(revision);
  record({EventType::deleted, std::make_shared<CachedObject>(key, std::move(last), revision), std::move(previous), revision, clock_.now()});
}

void ResourceCache::record(Event event) {
  received_.add();
  applied_ = event.revision;
  forget_old(event.at);
  fan_out(event);
  events_.push_back(std::move(event));
}

void ResourceCache::forget_old(Instant now) {
  while (events_.size() >= events_kept_at_most || (events_.size() > events_kept_at_least && now - events_.front().at > events_kept_for)) {
    forgotten_ = events_.front().revision;
    events_.pop_front();
  }
}

std::optional<EventType> ResourceCache::seen_by(const Selection& selection, Candidate& now, Candidate* before, EventType type) {
  const bool selected = type != EventType::deleted && selection.matches(now);
  const bool was_selected = before && selection.matches(*before);
  if (selected) return was_selected ? EventType::modified : EventType::added;
  return was_selected ? std::optional(EventType::deleted) : std::nullopt;
}

void ResourceCache::fan_out(const Event& event) {
  if (watchers_.empty()) return;
  Candidate now(resource_, **event.object);
  std::optional<Candidate> before;
  if (event.previous) before.emplace(resource_, **event.previous);
  const auto offer = [&](const std::string& group) {
    const auto found = watchers_.find(group);
    if (found == watchers_.end()) return;
    for (Watcher* watcher : found->second)
      if (const auto type = seen_by(watcher->selection_, now, before ? &*before : nullptr, event.type))
        watcher->push({*type, event.object, event.revision});
  };
  offer({});
  offer(field_group("metadata.name", now.object().metadata.name));
  if (!now.object().metadata.namespace_.empty()) offer(field_group("metadata.namespace", now.object().metadata.namespace_));
  if (indexed_field_.empty()) return;
  const std::string_view value = now.field(indexed_field_);
  offer(field_group(indexed_field_, value));
  if (before && before->field(indexed_field_) != value) offer(field_group(indexed_field_, before->field(indexed_field_)));
}

void ResourceCache::reset(SnapshotPtr state, Revision revision) {
  end_watchers(status::expired("the watch cache was rebuilt: list again"));
  const std::lock_guard lock(mutex_);
  state_ = std::make_shared<Snapshot>(*state);
  shared_ = false;
  events_.clear();
  forgotten_ = applied_ = revision;
}

void ResourceCache::send_bookmarks() {
  const std::lock_guard lock(mutex_);
  const Revision at = revision();
  for (const auto& [group, watchers] : watchers_)
    for (Watcher* watcher : watchers)
      if (watcher->bookmarks_) watcher->push({EventType::bookmark, nullptr, at});
  forget_old(clock_.now());
}

void ResourceCache::end_watchers(const std::optional<metav1::Status>& error) {
  const std::lock_guard lock(mutex_);
  for (const auto& [group, watchers] : watchers_)
    for (Watcher* watcher : watchers) watcher->end(error);
}

}  // namespace plumb::apiserver
