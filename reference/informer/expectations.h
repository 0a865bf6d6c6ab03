// What a control loop has asked for and not yet seen in its cache, so that it does not ask twice while the cache lags behind.
// As upstream: expected creations are counted, expected deletions are kept by key, and what is not seen within five minutes counts as lost.
// Safe from any thread.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "harness/base/clock.h"

namespace plumb::informer {

class Expectations {
 public:
  static constexpr Duration timeout = std::chrono::minutes(5);

  explicit Expectations(Clock& clock) : clock_(clock) {}

  // Set before the calls are sent.
  void expect(const std::string& owner, int creations, const std::vector<std::string>& deletions);
  // Seen in the cache, or the call failed.
  void creation_observed(const std::string& owner, int count = 1);
  void deletion_observed(const std::string& owner, const std::string& key);
  // Nothing is outstanding, or it is overdue.
  bool satisfied(const std::string& owner) const;
  // When what is outstanding becomes overdue; Instant{} when nothing is.
  Instant deadline(const std::string& owner) const;
  void forget(const std::string& owner);

 private:
  struct Outstanding {
    int creations = 0;
    std::unordered_set<std::string> deletions;
    Instant since;
    bool none() const { return creations <= 0 && deletions.empty(); }
  };
  Clock& clock_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Outstanding> owners_;  // under mutex_
};

}  // namespace plumb::informer
