// The transport to an API server in the same process: calls go straight to its registry, and what comes back are its own snapshots, never
// copies. Admission and authorization apply as to any other user.
//
// Watches are delivered on one thread of the transport, fairly: up to 256 events of one, then the next.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/apiserver/user.h"
#include "reference/informer/client.h"

namespace plumb::apiserver {
class Apiserver;
class Authorizer;
class Registry;
}  // namespace plumb::apiserver

namespace plumb::informer {

class InProcessTransport {
 public:
  // Asked in turn, as the server does; none at all means that everything is allowed. All must outlive the transport.
  // `server` serves get_raw; without one every path is NotFound.
  InProcessTransport(apiserver::Registry& registry, std::vector<apiserver::Authorizer*> authorizers, apiserver::Apiserver* server = nullptr);
  // All clients and their watches must be gone.
  ~InProcessTransport();

  std::unique_ptr<Client> client(apiserver::UserPtr user, std::string user_agent);

 private:
  class Core;
  class InProcessClient;
  std::shared_ptr<Core> core_;
};

}  // namespace plumb::informer
