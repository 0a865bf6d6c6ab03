// What a proxy serves over HTTP, as upstream's does: /healthz and /livez for load balancers and probes, /metrics and /proxyMode, and for
// every Service that wants it a node port that says whether this node has endpoints of it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "harness/net/server.h"
#include "reference/proxy/proxier.h"

namespace plumb::proxy {

// Whether the proxy keeps up: it does when nothing waits, or what waits has not waited for longer than `patience`. Safe from any thread.
class Health {
 public:
  Health(Clock& clock, Duration patience) : clock_(clock), patience_(patience), updated_(clock.wall()) {}
  void queued();
  void updated();
  void set_node_eligible(bool eligible);

  struct Answer {
    int status;
    std::string body;
  };
  // /healthz: does the node take new traffic? A node that goes does not. /livez: does the proxy work?
  Answer healthz() const { return answer(true); }
  Answer livez() const { return answer(false); }
  bool healthy() const;

 private:
  Answer answer(bool with_node) const;

  Clock& clock_;
  const Duration patience_;
  mutable std::mutex mutex_;
  std::optional<Instant> waits_since_;  // under mutex_
  WallTime updated_;                    // under mutex_
  bool node_eligible_ = true;           // under mutex_
};

struct Listen {
  std::string address;
  std::uint16_t port = 0;
};

// /healthz and /livez.
Result<std::unique_ptr<net::Server>> serve_health(const Listen& listen, const Health& health);
// /metrics, /healthz, /proxyMode; for the node itself.
Result<std::unique_ptr<net::Server>> serve_metrics(const Listen& listen, const Health& health);

// The health check node ports. One thread at a time.
class HealthCheckServers {
 public:
  HealthCheckServers(std::string address, const Health& health) : address_(std::move(address)), health_(health) {}
  // Opens, closes and updates them. A port that cannot be opened is logged and tried again with the next call.
  void set(const std::vector<HealthCheck>& checks);

 private:
  struct State;
  struct Entry {
    std::shared_ptr<State> state;
    std::unique_ptr<net::Server> server;
  };
  const std::string address_;
  const Health& health_;
  std::map<int, Entry> servers_;  // by port
};

}  // namespace plumb::proxy
