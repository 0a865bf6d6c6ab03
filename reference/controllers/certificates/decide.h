// The decisions of the controllers of certificates: whom they approve, and what they sign.
#pragma once

#include <memory>

#include "harness/net/crypto.h"
#include "reference/api/types/certificatesv1.h"
#include "reference/controllers/framework/plan.h"

namespace plumb::controllers::certificates {

using RequestPtr = std::shared_ptr<const certificatesv1::CertificateSigningRequest>;

// Asks RBAC about each way in which a kubelet's client certificate may be approved, until one is allowed.
Plan decide_approval(const RequestPtr& request);

struct Signer {
  net::CertificateAuthority authority;
  WallTime authority_ends;
  Duration longest;  // that a certificate is valid
};
// An approved request gets its certificate, or the condition Failed when it is not what its signer signs.
Plan decide_signature(const RequestPtr& request, const Signer& signer, const Now& now);

}  // namespace plumb::controllers::certificates
