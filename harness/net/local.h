// Asks a server's handler from within its own process: no connection, no copy on a wire. The handler runs on the given reactor, as it does
// for a request that came over the network.
#pragma once

#include <functional>
#include <memory>

#include "harness/net/client.h"
#include "harness/net/server.h"

namespace plumb::net {

struct LocalOptions {
  std::size_t max_response_bytes = 256 << 20;
  Duration timeout = std::chrono::seconds(30);  // for the whole exchange, also one whose answer never ends
};

// Calls `done` exactly once: on the reactor, or on the thread that stops it. A request to upgrade is answered as over HTTP/2: not here.
void ask_locally(const std::shared_ptr<Reactor>& reactor, Handler handler, Request request, LocalOptions options,
                 std::function<void(Result<ClientResponse>)> done);

}  // namespace plumb::net
