#include "reference/apiserver/authentication/x509.h"

#include "harness/net/crypto.h"
#include "harness/net/server.h"

namespace plumb::apiserver {

Result<UserPtr> X509Authenticator::authenticate(const Credentials& credentials) {
  if (!credentials.peer) return UserPtr();
  const net::Peer& peer = *credentials.peer;
  if (!peer.certificate) {
    if (peer.certificate_error.empty()) return UserPtr();
    return fail(Code::unauthenticated, "client certificate not accepted: " + peer.certificate_error);
  }
  if (!peer.certificate->for_client) return fail(Code::unauthenticated, "client certificate not accepted: it is not for client authentication");
  if (peer.certificate->common_name.empty()) return fail(Code::unauthenticated, "client certificate not accepted: it has no common name");
  auto user = std::make_shared<User>();
  user->name = peer.certificate->common_name;
  user->groups = peer.certificate->organizations;
  return UserPtr(std::move(user));
}

}  // namespace plumb::apiserver
