// Making a connection: name resolution, a non-blocking connect, TLS handshake, protocol.
#pragma once

#include <functional>
#include <memory>

#include "harness/net/channel.h"
#include "harness/net/http.h"

namespace plumb::net::detail {

struct Dialled {
  std::shared_ptr<Channel> channel;  // ready; its user is to be set at once
  bool http_2 = false;               // by ALPN
};

// `done` runs on the reactor thread, once, in a later turn. The returned function gives up (then `done` is not called). Reactor thread only.
std::function<void()> dial(const std::shared_ptr<Reactor>& reactor, const Endpoint& endpoint, const SslContext& tls, const std::string& server_name,
                           Duration timeout, std::function<void(Result<Dialled>)> done);

}  // namespace plumb::net::detail
