// How many pods of each Deployment are available against what its rolling update promises (replicas less maxUnavailable), over time.
// A pod is available while it is ready and not being deleted; it belongs to the Deployment whose first matchLabel it carries. No I/O; not safe
// from several threads.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/base/clock.h"

namespace plumb::harness {

class AvailabilityTracker {
 public:
  void deployment(Instant arrived, std::string_view type, const simdjson::dom::element& object);
  void pod(Instant arrived, std::string_view type, const simdjson::dom::element& object);

  struct Account {
    double missing = 0;  // replica-seconds below the promise, all Deployments together
    double below = 0;    // seconds in which a Deployment was below it, summed
    double least = 1;    // the worst share of a promise that was available
  };
  // Since the last call, of the Deployments that had kept their promise once.
  Account account(Instant now);

 private:
  struct Promise {
    std::int64_t minimum = 0, available = 0;
    bool kept_once = false;
    Instant since{};
    Account account;
  };
  struct Pod {
    std::vector<std::string> labels;
    bool available = false;
  };
  void settle(Promise& promise, Instant now);
  void add(const Pod& pod, std::int64_t change, Instant now);

  std::unordered_map<std::string, Promise> promises_;  // by "key=value" of the first matchLabel
  std::unordered_map<std::string, Pod> pods_;          // by uid
};

// Pods that a rolling update of this Deployment leaves available at least.
std::int64_t promised_available(const simdjson::dom::element& deployment);

}  // namespace plumb::harness
