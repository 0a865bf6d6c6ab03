// Delivers committed events to watchers, on one thread of its own, so that a watcher never delays a commit.
//
// Watchers that are up to date share the batches as they are committed. One that starts in the past, or everybody after the
// delivery fell too far behind, is fed from the log first and then joins.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "reference/store/store.h"

namespace plumb::store::embedded {

class WatchHub : public std::enable_shared_from_this<WatchHub> {
 public:
  // Events of `prefix` from `from` on, at most about `limit` log records' worth; `revision` of the answer is how far it looked. `expired` when compacted.
  using ReadLog = std::function<Result<WatchBatch>(const std::string& prefix, Revision from, std::size_t limit)>;

  WatchHub(Revision latest, ReadLog read_log);
  void start();
  void stop();

  // By the commit thread, in order of revisions, after the commit and before the acknowledgement.
  void publish(std::vector<EventPtr> events, Revision latest);
  Result<std::unique_ptr<Watch>> watch(WatchRequest request, WatchHandler handler);

 private:
  struct Watcher {
    std::string prefix;
    WatchHandler handler;
    Revision next = 0;      // first revision that the delivering thread has not taken for it
    Revision progress = 0;  // asked for; 0: not
    bool ended = false;
  };
  class Handle;
  using WatcherPtr = std::shared_ptr<Watcher>;
  struct Due {
    WatcherPtr watcher;
    Revision from;
    bool progress;
  };

  void run();
  bool idle() const;
  void deliver(const Due& due, const std::vector<EventPtr>& events, Revision reached);
  void end_all();
  void catch_up(const WatcherPtr& watcher);
  void call(const WatcherPtr& watcher, Result<WatchBatch> batch);
  void end(const WatcherPtr& watcher);
  void remove(const WatcherPtr& watcher);

  const ReadLog read_log_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable wake_, handler_done_;
  // All below guarded by mutex_.
  std::vector<WatcherPtr> watchers_;
  std::vector<EventPtr> recent_;
  std::size_t recent_bytes_ = 0;
  Revision latest_;     // published
  Revision delivered_;  // what recent_ no longer holds: a watcher whose `next` lies at or below it must read the log
  WatcherPtr running_;  // its handler is being called
  bool wanted_ = false; // a watcher is behind or wants progress
  bool stop_ = false;
};

}  // namespace plumb::store::embedded
