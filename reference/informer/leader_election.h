// One leader among several candidates, by a Lease object, with upstream's rules: a candidate takes the lease when nobody holds it or when its
// record has not changed for the lease's duration by the candidate's own clock (clocks need not agree); the leader renews it every retry
// period and steps down when it has not managed to for the renew deadline. Retries of those who wait are spread by jitter.
//
// Everything runs on timers and on callbacks of the client; nothing blocks. Callbacks are called one at a time and must be short.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "harness/base/clock.h"

namespace plumb::informer {

class Client;

struct LeaderElectionOptions {
  std::string namespace_ = "kube-system";
  std::string name;      // of the lease: "kube-scheduler", "kube-controller-manager"
  std::string identity;  // unlike that of any other candidate
  Duration lease_duration = std::chrono::seconds(15);
  Duration renew_deadline = std::chrono::seconds(10);
  Duration retry_period = std::chrono::seconds(2);
  bool release_on_stop = true;  // a leader that stops lets go, so that another need not wait
};

struct LeaderCallbacks {
  std::function<void()> started_leading;
  std::function<void()> stopped_leading;  // once, only after started_leading; the elector does not try again
  std::function<void(const std::string& identity)> new_leader;
};

class LeaderElector {
 public:
  LeaderElector(Client& client, Clock& clock, LeaderElectionOptions options, LeaderCallbacks callbacks);
  ~LeaderElector();  // as stop()

  void start();
  // No callback but stopped_leading runs any more. Blocks for the call that releases the lease.
  void stop();
  bool is_leader() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace plumb::informer
