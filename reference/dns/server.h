// Serves DNS over UDP and TCP. Every thread has sockets of its own on the same port (SO_REUSEPORT), its own kept answers and its own forwarding; they share
// the zone. An answer that others must be asked for keeps nobody waiting but who wants it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/dns/forwarder.h"
#include "reference/dns/zone.h"

namespace plumb::dns {

struct ServerOptions {
  std::string address;       // empty: every one of both families
  std::uint16_t port = 53;   // 0: any free one
  int threads = 2;
  std::size_t max_connections = 500;         // over TCP, a thread; beyond it new ones are closed
  std::size_t max_pipelined = 64;            // questions of one connection under way
  Duration idle_timeout = std::chrono::seconds(10);  // of a connection that asks nothing and takes nothing
  ForwardOptions forward;
};

class Server {
 public:
  // Zone and clock outlive it.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, const Zone& zone, Clock& clock);
  ~Server();
  std::uint16_t port() const { return port_; }

 private:
  class Worker;
  Server() = default;
  ServerOptions options_;
  std::uint16_t port_ = 0;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace plumb::dns
