// Whether a cache shows what its controller has written itself. A decision on an older state would repeat what has been done: count a pod
// twice, start a job again. Where other safeguards (expectations, conflicts) do not cover that, a controller waits here until its cache has
// caught up. What does not arrive within five minutes counts as lost, so that a store that went back in time cannot stop anything for good.
// Safe from any thread.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "reference/controllers/framework/plan.h"

namespace plumb::controllers {

class OwnWrites {
 public:
  static constexpr Duration timeout = std::chrono::minutes(5);

  // Every answer to a successful write of the object.
  void wrote(const std::string& key, const api::Object& answer, const Now& now);
  // How long to wait at most; nullopt when the object is as new as the last write, or that one is overdue. The change of the object
  // that is waited for has to put the key on the queue.
  std::optional<Duration> awaited(const std::string& key, const api::Object& cached, const Now& now);
  void forget(const std::string& key);

 private:
  struct Write {
    std::int64_t version;
    Instant at;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Write> writes_;  // under mutex_
};

}  // namespace plumb::controllers
