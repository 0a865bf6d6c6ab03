// When leases end. Only times are kept here; which leases exist and what hangs on them lies in the file.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "harness/base/clock.h"
#include "reference/store/store.h"

namespace plumb::store::embedded {

class Leases {
 public:
  // `expire` is called from the clock's thread with leases whose time has come; each is then answered with remove() or retry().
  Leases(Clock& clock, std::function<void(std::vector<LeaseId>)> expire);
  ~Leases();

  void start();
  // After it returns `expire` is not running and never runs again.
  void stop();

  void add(LeaseId lease, std::chrono::seconds ttl);
  void remove(LeaseId lease);
  void retry(const std::vector<LeaseId>& leases);
  Result<std::chrono::seconds> keepalive(LeaseId lease);

 private:
  struct Lease {
    std::chrono::seconds ttl;
    Instant deadline;
    bool ending = false;
  };
  // Outlives this object as long as a timer may still fire.
  struct Gate {
    std::recursive_mutex mutex;
    Leases* owner = nullptr;
  };

  void arm();  // mutex_ held
  void fire();

  Clock& clock_;
  const std::function<void(std::vector<LeaseId>)> expire_;
  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::mutex mutex_;
  // Guarded by mutex_.
  std::map<LeaseId, Lease> leases_;
  std::optional<Instant> armed_;
  Clock::TimerId timer_ = 0;
  bool running_ = false;
};

}  // namespace plumb::store::embedded
