// A queue of keys for control loops, with upstream's four promises:
// - fair: keys come out in the order they went in;
// - stingy: a key waits at most once, and is never worked on by two at a time; what is added while it is worked on comes again after done();
// - multi-consumer, multi-producer;
// - shutdown: getters learn that it is over; what waits is dropped.
//
// add_after() and add_rate_limited() add later. The delay of the latter is the larger of two limits, upstream's defaults: per key
// 5 ms doubled by each call up to 1000 s, until forget(); and 10 a second over all keys with bursts of 100.
//
// Not bounded: it holds keys of objects that exist, each once. Safe from any thread. Metrics are upstream's workqueue_*, labelled with
// the name; a queue without a name has none.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "harness/base/clock.h"

namespace plumb::informer {

struct QueueLimits {
  Duration first_delay = std::chrono::milliseconds(5);
  Duration last_delay = std::chrono::seconds(1000);
  double per_second = 10;
  double burst = 100;
};

class WorkQueue {
 public:
  explicit WorkQueue(Clock& clock, std::string name = {}, QueueLimits limits = {});
  ~WorkQueue();

  void add(std::string_view key);
  void add_after(std::string_view key, Duration delay);  // the earliest of several wins
  void add_rate_limited(std::string_view key);
  // The key went well: its next rate-limited add starts at the first delay again.
  void forget(std::string_view key);
  int requeues(std::string_view key) const;

  // Waits for a key; nullopt after shut_down(). Each key that came out needs done().
  std::optional<std::string> get();
  // The same without waiting.
  std::optional<std::string> try_get();
  void done(std::string_view key);

  void shut_down();
  std::size_t size() const;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace plumb::informer
