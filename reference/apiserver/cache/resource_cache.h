// The watch cache of one resource: its present state, its recent events, its watchers. Filled by WatchCache in the order of revisions,
// read from any thread; no function waits.
#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/metrics.h"
#include "reference/apiserver/cache/watcher.h"

namespace plumb::apiserver {

struct WatchStart {
  // Set: events after this revision. Unset: the present state as ADDED events, then what follows.
  std::optional<Revision> after;
  bool initial_bookmark = false;  // a bookmark after the initial events
  bool bookmarks = false;
};

class ResourceCache : public std::enable_shared_from_this<ResourceCache> {
 public:
  // `reached`: the revision up to which every event of every resource was applied.
  ResourceCache(const resources::Resource& resource, Clock& clock, const std::atomic<Revision>& reached);

  const resources::Resource& resource() const { return resource_; }
  CachedPtr find(std::string_view key) const;
  struct State {
    SnapshotPtr objects;
    Revision revision;     // everything up to it is in `objects`, nothing after it
    Revision last_change;  // the same was true since this one
  };
  State state() const;
  std::size_t size() const;
  Revision known_up_to() const;
  // Fails with 410 Expired when events after `start.after` are no longer kept.
  ApiResult<WatcherPtr> watch(Selection selection, WatchStart start);

  // For WatchCache, one thread at a time.
  void apply_put(CachedPtr object);
  void apply_remove(std::string_view key, Revision revision);
  void reset(SnapshotPtr state, Revision revision);  // new beginning; every watcher is ended
  void send_bookmarks();
  void end_watchers(const std::optional<metav1::Status>& error);

 private:
  struct Event {
    EventType type;
    CachedPtr object, previous;
    Revision revision;
    Instant at;
  };
  void record(Event event);
  void forget_old(Instant now);
  void fan_out(const Event& event);
  // What the event is to someone with that selection; nullopt: nothing.
  static std::optional<EventType> seen_by(const Selection& selection, Candidate& now, Candidate* before, EventType type);
  std::string group_of(const Selection& selection) const;
  Revision revision() const;  // under mutex_
  void unregister(Watcher& watcher);

  const resources::Resource& resource_;
  Clock& clock_;
  const std::string_view indexed_field_;  // empty: none
  metrics::Counter received_;
  const std::atomic<Revision>& reached_;

  mutable std::mutex mutex_;
  std::shared_ptr<Snapshot> state_;
  mutable bool shared_ = false;  // state_ was handed out
  std::deque<Event> events_;
  Revision applied_ = 0;    // of the last event
  Revision forgotten_ = 0;  // events up to here are not in events_
  // Watchers by what every event for them has in common: nothing, a namespace, the exact value of a field.
  std::unordered_map<std::string, std::set<Watcher*>> watchers_;
};

}  // namespace plumb::apiserver
