// How soon a daemon pod that failed may be replaced: a node that rejects its pod would otherwise get a new one in an endless hurry.
// Upstream's limits: one second after the first failure on a node, doubled by each, up to 15 minutes; forgotten when nothing fails there
// for twice as long, and when the DaemonSet changes. Safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "harness/base/clock.h"

namespace plumb::controllers::daemonset {

class FailedPods {
 public:
  static constexpr Duration first_delay = std::chrono::seconds(1), last_delay = std::chrono::minutes(15);

  // How long until a failed pod on the node may be deleted; nullopt: now.
  std::optional<Duration> wait(std::string_view set_uid, std::int64_t generation, std::string_view node, Instant now) const;
  // One is being deleted.
  void failed(std::string_view set_uid, std::int64_t generation, std::string_view node, Instant now);
  void forget(std::string_view set_uid);

 private:
  struct Entry {
    Duration delay;
    Instant last;
  };
  struct OfSet {
    std::int64_t generation = 0;
    std::map<std::string, Entry, std::less<>> nodes;
  };
  static bool expired(const Entry& entry, Instant now) { return now - entry.last > 2 * last_delay; }

  mutable std::mutex mutex_;
  std::unordered_map<std::string, OfSet> sets_;  // under mutex_, by UID
};

}  // namespace plumb::controllers::daemonset
