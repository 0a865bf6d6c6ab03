// CertificateApproval and CertificateSigning: who approves a request for a certificate must be allowed to `approve` for its signer, and who
// gives the certificate to `sign`. The signer is the one that the request had: it cannot be changed on the way.
#include "reference/api/types/certificatesv1.h"
#include "reference/apiserver/admission/plugin.h"
#include "reference/apiserver/authorization/authorizer.h"

namespace plumb::apiserver {
namespace {

using certificatesv1::CertificateSigningRequest;

// For the signer itself, or for all of its domain: "kubernetes.io/*".
bool may(const AdmissionRequest& request, const ClusterView& cluster, std::string_view verb, std::string_view signer) {
  Attributes attributes;
  attributes.user = request.context.user.get();
  attributes.verb = verb;
  attributes.group = "certificates.k8s.io";
  attributes.version = "*";
  attributes.resource = "signers";
  attributes.name = signer;
  if (cluster.may(attributes)) return true;
  const std::string all_of_domain = std::string(signer.substr(0, signer.find('/'))) + "/*";
  attributes.name = all_of_domain;
  return cluster.may(attributes);
}

bool is_update_of(const AdmissionRequest& request, std::string_view subresource) {
  return request.operation == Operation::update && request.subresource == subresource && &request.resource.type() == &CertificateSigningRequest::info();
}

Refusal require(const AdmissionRequest& request, const ClusterView& cluster, std::string_view verb) {
  const std::string signer = static_cast<const CertificateSigningRequest&>(*request.old).spec.signerName.str();
  if (may(request, cluster, verb, signer)) return std::nullopt;
  return status::forbidden({"certificates.k8s.io", "certificatesigningrequests"}, request.name,
                           "user not permitted to " + std::string(verb) + " requests with signerName " + resources::FieldErrors::quoted(signer));
}

class CertificateApproval final : public AdmissionPlugin {
 public:
  int order() const override { return 72; }
  Refusal validate(const AdmissionRequest& request, const ClusterView& cluster) const override {
    return is_update_of(request, "approval") ? require(request, cluster, "approve") : std::nullopt;
  }
};

class CertificateSigning final : public AdmissionPlugin {
 public:
  int order() const override { return 74; }
  Refusal validate(const AdmissionRequest& request, const ClusterView& cluster) const override {
    if (!is_update_of(request, "status")) return std::nullopt;
    const auto& next = static_cast<const CertificateSigningRequest&>(*request.object).status;
    const auto& old = static_cast<const CertificateSigningRequest&>(*request.old).status;
    if (next.certificate == old.certificate && next.conditions == old.conditions) return std::nullopt;
    return require(request, cluster, "sign");
  }
};

const Registered<AdmissionPlugin> approval{"CertificateApproval", [] { return std::make_unique<CertificateApproval>(); }};
const Registered<AdmissionPlugin> signing{"CertificateSigning", [] { return std::make_unique<CertificateSigning>(); }};

}  // namespace
}  // namespace plumb::apiserver
