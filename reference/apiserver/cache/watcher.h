// One consumer of the changes of a resource, with its selection and its bounded queue. The cache fills the queue; the consumer empties it
// at its own pace, wherever it likes. A consumer that lets the queue overflow is ended: it has to list and watch again.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "reference/api/text/field_selector.h"
#include "reference/api/text/label_selector.h"
#include "reference/apiserver/cache/snapshot.h"
#include "reference/apiserver/status.h"
#include "reference/resources/resource.h"

namespace plumb::apiserver {

// An object that selections are asked about; what selectors read of it is looked up once, however many ask.
class Candidate {
 public:
  Candidate(const resources::Resource& resource, const api::Object& object) : resource_(resource), object_(object) {}
  const api::Object& object() const { return object_; }
  std::string_view field(std::string_view name);  // empty when it has none of that name
  std::optional<std::string_view> label(std::string_view key) const;

 private:
  const resources::Resource& resource_;
  const api::Object& object_;
  std::optional<std::vector<resources::SelectableField>> fields_;
};

// Which objects of a resource a list or a watch speaks of.
struct Selection {
  std::string namespace_;  // empty: all
  api::LabelSelector labels;
  api::FieldSelector fields;

  bool everything() const { return labels.everything() && fields.everything(); }
  bool matches(Candidate& candidate) const;
};

enum class EventType { added, modified, deleted, bookmark };
std::string_view to_string(EventType type);  // "ADDED", …

struct WatchEvent {
  EventType type = EventType::added;
  CachedPtr object;           // of a bookmark: nullptr
  Revision revision = 0;
  bool initial_end = false;   // the bookmark after the initial events
};

class Watcher {
 public:
  struct Batch {
    std::vector<WatchEvent> events;
    bool more = false;   // take() again
    bool ended = false;  // nothing will follow these events
    std::optional<metav1::Status> error = {};  // why, when it is to be told as an ERROR event
  };

  // At most `limit` events, in order. Never waits.
  Batch take(std::size_t limit);
  // In which version take() shows objects: the stored one when this is not called. Before the first take().
  void show_as(const resources::Resource& resource) { shown_ = &resource; }
  // Called when take() has something after it had nothing, on a thread of the cache and under its lock: it may post or signal, not take()
  // and not let go of a watcher. Set once, before the first take().
  void on_ready(std::function<void()> callback);
  ~Watcher();

 private:
  friend class ResourceCache;
  Watcher(const resources::Resource& resource, Selection selection, bool bookmarks, std::size_t capacity)
      : resource_(resource), selection_(std::move(selection)), bookmarks_(bookmarks), capacity_(capacity) {}

  void push(WatchEvent event);
  void end(const std::optional<metav1::Status>& error);
  Batch take_stored(std::size_t limit);
  void take_initial(Batch& batch, std::size_t limit);
  void wake();  // the lock is held

  const resources::Resource& resource_;
  const Selection selection_;
  const bool bookmarks_;
  const std::size_t capacity_;
  const resources::Resource* shown_ = nullptr;
  std::function<void(Watcher&)> unregister_;  // set by the cache

  std::mutex mutex_;
  Revision after_ = 0;        // events up to it are not told
  SnapshotPtr initial_;       // what is still to be told of the state at the start
  std::string initial_from_;  // the key to go on with
  std::optional<WatchEvent> initial_bookmark_;
  std::deque<WatchEvent> queue_;
  std::function<void()> ready_;
  bool idle_ = true;  // the consumer waits to be called
  bool ended_ = false;
  std::optional<metav1::Status> error_;
};
using WatcherPtr = std::shared_ptr<Watcher>;

}  // namespace plumb::apiserver
