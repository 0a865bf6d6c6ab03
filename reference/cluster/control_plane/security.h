// Authentication and authorization of a cluster, composed as upstream's defaults are: client certificates, static tokens and service
// account tokens; then system:masters, the Node authorizer and RBAC, in this order.
#pragma once

#include <string>

#include "reference/apiserver/apiserver.h"

namespace plumb::cluster {

struct SecurityOptions {
  std::string signing_key_pem;  // of service account tokens
  std::string static_tokens;    // CSV; empty: none
};
Result<apiserver::Security> make_security(const SecurityOptions& options, apiserver::Registry& registry);

}  // namespace plumb::cluster
