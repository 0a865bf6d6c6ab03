// Who is it? An Authenticator looks at what a client sent and names the user. Called on a reactor thread for every request: it must not
// block, and reads what it needs from memory.
#pragma once

#include <string_view>

#include "harness/base/result.h"
#include "reference/apiserver/user.h"

namespace plumb::net {
struct Peer;
}

namespace plumb::apiserver {

struct Credentials {
  const net::Peer* peer = nullptr;   // its verified client certificate, if any
  std::string_view bearer_token;     // from Authorization, or a websocket's base64url.bearer.authorization.k8s.io protocol; may be empty
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // The user; nullptr when there are no credentials of this kind; an error when there are and they are wrong. The server tries
  // every authenticator, takes the first user and answers 401 when one failed and none succeeded. Groups are complete except
  // system:authenticated, which the server adds.
  virtual Result<UserPtr> authenticate(const Credentials& credentials) = 0;
};

}  // namespace plumb::apiserver
