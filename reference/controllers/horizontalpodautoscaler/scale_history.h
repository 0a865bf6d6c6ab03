// What is remembered of one autoscaler between its decisions: what was recommended, and how much it has scaled. It lives as long as the
// controller: after a start the history begins with the replicas that are there.
#pragma once

#include <cstdint>
#include <deque>

#include "harness/base/clock.h"

namespace plumb::controllers::hpa {

// The lowest and highest recommendation of any stretch of time that ends now. One that a later one makes irrelevant is dropped at once, so
// that a recommendation a second for an hour keeps what differs, not 3,600 entries.
class Recommendations {
 public:
  bool empty() const { return highest_.empty(); }
  void record(std::int32_t replicas, Instant at);
  // Of those made at `since` or later, and `otherwise`.
  std::int32_t lowest(Instant since, std::int32_t otherwise) const;
  std::int32_t highest(Instant since, std::int32_t otherwise) const;
  void forget_before(Instant time);
  std::size_t size() const { return lowest_.size() + highest_.size(); }

 private:
  struct Entry {
    std::int32_t replicas;
    Instant at;
  };
  std::deque<Entry> lowest_;   // growing
  std::deque<Entry> highest_;  // falling
};

// Changes in one direction.
class ScaleEvents {
 public:
  // `keep`: as long as anybody may ask.
  void record(std::int32_t change, Instant at, Duration keep);
  // The sum of those after `since`.
  std::int32_t sum(Instant since) const;

 private:
  struct Event {
    std::int32_t change;
    Instant at;
  };
  std::deque<Event> events_;
};

struct ScaleHistory {
  Recommendations recommendations;
  ScaleEvents ups, downs;
};

}  // namespace plumb::controllers::hpa
