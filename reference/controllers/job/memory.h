// What one pass over a job leaves for later ones, beside what the API keeps. It goes with the process; a new one starts from the API alone,
// without back-off. Safe from any thread.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "reference/controllers/framework/own_writes.h"
#include "reference/controllers/job/backoff.h"

namespace plumb::controllers::job {

using Uids = std::set<std::string, std::less<>>;

class Memory {
 public:
  // Finalizers that are being taken off: until the cache shows that, these pods still look as if they were to be counted.
  void untracking(const std::string& key, const Pods& pods);
  void untracked(const std::string& key, std::string_view uid);  // seen, or the call failed
  Uids in_flight(const std::string& key) const;

  Backoff backoff(const std::string& key) const;
  void remember(const std::string& key, const Backoff& backoff);

  OwnWrites& writes() { return writes_; }
  void forget(const std::string& key);

 private:
  struct Entry {
    Uids in_flight;
    Backoff backoff;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> jobs_;  // under mutex_
  OwnWrites writes_;
};

}  // namespace plumb::controllers::job
