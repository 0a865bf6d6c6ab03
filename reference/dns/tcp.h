// DNS over TCP (RFC 7766): requests in frames, answered as they are ready. Reactor thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "harness/base/clock.h"
#include "harness/net/descriptor.h"

namespace plumb::dns {

struct TcpLimits {
  std::size_t connections = 0, pipelined = 0;
  Duration idle{};
};

class TcpConnection;

// Takes connections. What is beyond the limits is closed, also what is silent or does not read.
class TcpListener final : public net::detail::ReadySink, public std::enable_shared_from_this<TcpListener> {
 public:
  using Done = std::function<void(std::string reply)>;  // an empty reply closes the connection
  using Handler = std::function<void(std::string_view request, bool v6, Done done)>;
  // Owns `fd`, which listens and does not block.
  TcpListener(std::shared_ptr<net::Reactor> reactor, int fd, TcpLimits limits, Handler handler);
  ~TcpListener() override;
  void start();
  void close();

  void on_readable() override;
  void on_writable() override {}

 private:
  friend class TcpConnection;
  net::detail::Descriptor descriptor_;
  const std::shared_ptr<net::Reactor> reactor_;
  const TcpLimits limits_;
  const Handler handler_;
  std::unordered_set<std::shared_ptr<TcpConnection>> connections_;
};

}  // namespace plumb::dns
