// The pods that wait for a node, in four places:
//   active         ready to be tried, in the order of the profile's QueueSort (priority, then age);
//   backoff        tried without success a short while ago, until 1 s doubled by each failed try has passed, at most 10 s (QueueLimits);
//   unschedulable  no node could take them; moved by an event that could turn a refusal, by a change of their own, or after 5 minutes;
//   gated          refused by a PreEnqueue plugin, until they change.
//
// One thread owns the queue. While a pod is being tried it is in none of the places, and nothing else happens meanwhile: what the cluster
// reports comes after the verdict, so no event is missed between the two.
//
// Not bounded: it holds unscheduled pods of the cluster, each once. Adding, removing and popping cost a logarithm of their number; an event
// costs the number of different pods (see likeness.h) that wait for such, however many there are of each, and those that it moves.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/string_map.h"
#include "reference/scheduler/framework.h"
#include "reference/scheduler/pod_info.h"

namespace plumb::scheduler {

struct QueuedPod {
  PodInfoPtr pod;
  Instant since;                            // added to the queue, the last time
  std::optional<Instant> first_tried_from;  // became active for the first time; for the latency over all tries
  int attempts = 0;
  int unschedulable_count = 0;  // tries that found no node
  int error_count = 0;          // errors in a row
  Instant failed_at;
  Refusers refusers;  // at the last try
  std::string nominated_node;  // where it waits for room
};

struct QueueLimits {
  Duration first_backoff = std::chrono::seconds(1);
  Duration last_backoff = std::chrono::seconds(10);
  Duration longest_unschedulable = std::chrono::minutes(5);
};

class SchedulingQueue {
 public:
  enum class Place : std::uint8_t { active, backoff, unschedulable, gated };
  static constexpr std::size_t places = 4;
  // Why a pod comes, as upstream's metric scheduler_queue_incoming_pods_total names it.
  using Incoming = std::function<void(Place, std::string_view event)>;
  using PreEnqueue = std::function<bool(const PodInfo&)>;
  using Helps = std::function<bool(const PodInfo&, const Refusers&, const Change&)>;

  // `admits` asks the PreEnqueue plugins; `helps` those that have refused a pod whether a change, one of their events, could turn that;
  // `order` must outlive the queue.
  SchedulingQueue(const QueueSortPlugin& order, PreEnqueue admits, Helps helps, Incoming incoming = nullptr, QueueLimits limits = {});
  ~SchedulingQueue();

  // A pod without a node, new or changed. One that waits and has changed in a way that matters is tried again; one that only
  // has another status stays where it is. Returns where the pod is.
  Place set(PodInfoPtr pod, Instant now);
  // Of any place. False when it is not there.
  bool remove(std::string_view uid);

  // The next active pod; the try is counted.
  std::optional<QueuedPod> pop();
  // Back after a try: no node could take it …
  void refused(QueuedPod pod, const Refusers& refusers, Instant now);
  // … or something failed on the way.
  void failed(QueuedPod pod, Instant now);

  // Moves the unschedulable pods that the change may help: to active, or to backoff while theirs lasts.
  void move(const Change& change, std::string_view label, Instant now);
  // Ready to be tried again, but for its back-off, or a gate. Nothing when it is not there.
  void reconsider(std::string_view uid, Instant now);
  // Moves what time has made ready.
  void flush(Instant now);
  // When flush() will have something to do.
  std::optional<Instant> next_flush() const;

  std::size_t size(Place place) const { return sizes_[static_cast<std::size_t>(place)]; }
  std::size_t size() const { return entries_.size(); }
  bool contains(std::string_view uid) const;
  std::optional<Place> place_of(std::string_view uid) const;

 private:
  struct Entry;
  struct Before {
    const QueueSortPlugin* order;
    bool operator()(const Entry* a, const Entry* b) const;
  };
  using Alike = std::vector<Entry*>;
  Instant backoff_until(const QueuedPod& queued) const;
  void put(Entry& entry, Place place, std::string_view event, Instant now);
  void take(Entry& entry);
  void make_ready(Entry& entry, std::string_view event, Instant now);
  Entry& insert(QueuedPod pod);
  void move_alike(Alike& alike, std::string_view event, Instant now);
  void show(Entry& entry, PodInfoPtr pod);
  void join_group(Entry& entry);
  void leave_group(Entry& entry);

  PreEnqueue admits_;
  Helps helps_;
  Incoming incoming_;
  const QueueLimits limits_;
  StringMap<std::unique_ptr<Entry>> entries_;  // by UID
  std::map<const Entry*, Entry*, Before> active_;
  std::multimap<Instant, Entry*> backoff_;        // by the end of the back-off
  std::multimap<Instant, Entry*> unschedulable_;  // by failed_at
  // The unschedulable pods by who has refused them, and of these those that are alike and so get the same answer of a hint, in no order.
  std::map<Refusers, StringMap<Alike>> groups_;
  std::size_t sizes_[places] = {};
  std::uint64_t arrivals_ = 0;
};

}  // namespace plumb::scheduler
