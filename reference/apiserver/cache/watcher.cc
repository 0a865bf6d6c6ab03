#include "reference/apiserver/cache/watcher.h"

#include "reference/api/values/list.h"

namespace plumb::apiserver {

std::string_view to_string(EventType type) {
  switch (type) {
    case EventType::added: return "ADDED";
    case EventType::modified: return "MODIFIED";
    case EventType::deleted: return "DELETED";
    case EventType::bookmark: return "BOOKMARK";
  }
  return "";
}

std::string_view Candidate::field(std::string_view name) {
  if (name == "metadata.name") return object_.metadata.name;
  if (name == "metadata.namespace") return object_.metadata.namespace_;
  if (!fields_) fields_ = resource_.selectable_fields(object_);
  for (const auto& each : *fields_)
    if (each.name == name) return each.value;
  return {};
}

std::optional<std::string_view> Candidate::label(std::string_view key) const {
  const api::Str* value = object_.metadata.labels.find(key);
  return value ? std::optional(value->view()) : std::nullopt;
}

bool Selection::matches(Candidate& candidate) const {
  if (!namespace_.empty() && candidate.object().metadata.namespace_ != namespace_) return false;
  if (!labels.everything() && !labels.matches([&](std::string_view key) { return candidate.label(key); })) return false;
  return fields.everything() || fields.matches([&](std::string_view field) { return candidate.field(field); });
}

Watcher::~Watcher() {
  if (unregister_) unregister_(*this);
}

void Watcher::on_ready(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  ready_ = std::move(callback);
}

void Watcher::wake() {
  if (!idle_ || !ready_) return;
  idle_ = false;
  ready_();
}

void Watcher::push(WatchEvent event) {
  const std::lock_guard lock(mutex_);
  if (ended_ || event.revision <= after_) return;
  if (queue_.size() >= capacity_) {
    ended_ = true;
    queue_.clear();
  } else {
    queue_.push_back(std::move(event));
  }
  wake();
}

void Watcher::end(const std::optional<metav1::Status>& error) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  ended_ = true;
  error_ = error;
  wake();
}

void Watcher::take_initial(Batch& batch, std::size_t limit) {
  bool complete = true;
  initial_->visit(selection_.namespace_.empty() ? std::string_view() : std::string_view(selection_.namespace_ + "/"), initial_from_,
                  [&](const CachedPtr& object) {
                    if (batch.events.size() == limit) {
                      initial_from_ = object->key();
                      complete = false;
                      return false;
                    }
                    Candidate candidate(resource_, **object);
                    if (selection_.matches(candidate)) batch.events.push_back({EventType::added, object, object->revision()});
                    return true;
                  });
  if (complete) initial_.reset();
}

Watcher::Batch Watcher::take(std::size_t limit) {
  Batch batch = take_stored(limit);
  if (shown_)
    for (WatchEvent& event : batch.events) event.object = shown_as(*shown_, event.object);
  return batch;
}

Watcher::Batch Watcher::take_stored(std::size_t limit) {
  Batch batch;
  const std::lock_guard lock(mutex_);
  if (initial_) take_initial(batch, limit);
  if (!initial_ && initial_bookmark_ && batch.events.size() < limit) {
    batch.events.push_back(*initial_bookmark_);
    initial_bookmark_.reset();
  }
  const bool caught_up = !initial_ && !initial_bookmark_;
  while (caught_up && !queue_.empty() && batch.events.size() < limit) {
    batch.events.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  batch.more = !caught_up || !queue_.empty();
  if (!batch.more && ended_) {
    batch.ended = true;
    batch.error = error_;
  }
  idle_ = !batch.more && !ended_;
  return batch;
}

}  // namespace plumb::apiserver
