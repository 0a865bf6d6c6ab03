// Client certificates: the common name is the user, each organization a group. The TLS layer has verified the chain.
#pragma once

#include "reference/apiserver/authentication/authenticator.h"

namespace plumb::apiserver {

class X509Authenticator final : public Authenticator {
 public:
  Result<UserPtr> authenticate(const Credentials& credentials) override;
};

}  // namespace plumb::apiserver
