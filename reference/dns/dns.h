// A cluster's name server: what it observes, what it answers, what it serves beside.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/dns/server.h"
#include "reference/informer/client.h"

namespace plumb::dns {

struct Listen {
  std::string address;
  std::uint16_t port = 0;
};

struct DnsOptions {
  ZoneOptions zone;
  ServerOptions server;
  std::optional<Listen> health, ready, metrics;  // /health, /ready, /metrics over HTTP
};

class Dns {
 public:
  // The client may list and watch services, endpointslices and namespaces (with verified pods also pods). Client and clock outlive it. Does not wait for the
  // API server: other servers' names are answered at once, the cluster's once everything has been seen; ready says so.
  static Result<std::unique_ptr<Dns>> start(DnsOptions options, informer::Client& client, Clock& clock);
  ~Dns();
  std::uint16_t port() const;
  bool ready() const;

 private:
  class Core;
  explicit Dns(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

// The name servers of a resolv.conf, in order, without those of this machine alone (127.0.0.0/8, ::1): in a pod that would be this very server.
Result<std::vector<SocketAddress>> servers_in(const std::string& resolv_conf);

}  // namespace plumb::dns
