// CertificateSubjectRestriction, and what the API server itself says of a certificate signing request: who asks, by authentication and not by the
// asker's word, and when conditions came and changed.
#include <algorithm>

#include "harness/net/crypto.h"
#include "reference/api/types/certificatesv1.h"
#include "reference/apiserver/admission/plugin.h"

namespace plumb::apiserver {
namespace {

using certificatesv1::CertificateSigningRequest;

void set_requestor(certificatesv1::CertificateSigningRequestSpec& spec, const User& user) {
  spec.username = api::Str(user.name);
  spec.uid = api::Str(user.uid);
  spec.groups.clear();
  for (const std::string& group : user.groups) spec.groups.push_back(api::Str(group));
  spec.extra.clear();
  for (const auto& [key, values] : user.extra)
    for (const std::string& value : values) spec.extra[key].push_back(api::Str(value));
}

void set_times(CertificateSigningRequest& next, const CertificateSigningRequest& old, WallTime now) {
  for (auto& condition : next.status.conditions) {
    const auto& before = old.status.conditions;
    const auto same = std::find_if(before.begin(), before.end(), [&](const auto& each) { return each.type == condition.type; });
    if (!condition.lastUpdateTime) condition.lastUpdateTime = api::Time::from(now);
    if (condition.lastTransitionTime) continue;
    condition.lastTransitionTime = same != before.end() && same->status == condition.status && same->lastTransitionTime ? same->lastTransitionTime : api::Time::from(now);
  }
}

class CertificateRequest final : public AdmissionPlugin {
 public:
  int order() const override { return 20; }

  Refusal mutate(AdmissionRequest& request, const ClusterView&) const override {
    if (!request.object || &request.resource.type() != &CertificateSigningRequest::info()) return std::nullopt;
    auto& object = static_cast<CertificateSigningRequest&>(*request.object);
    if (request.operation == Operation::create)
      set_requestor(object.spec, *request.context.user);
    else if (request.subresource == "approval" || request.subresource == "status")
      set_times(object, static_cast<const CertificateSigningRequest&>(*request.old), request.now);
    return std::nullopt;
  }

  Refusal validate(const AdmissionRequest& request, const ClusterView&) const override {
    if (request.operation != Operation::create || &request.resource.type() != &CertificateSigningRequest::info()) return std::nullopt;
    const auto& spec = static_cast<const CertificateSigningRequest&>(*request.object).spec;
    if (spec.signerName != "kubernetes.io/kube-apiserver-client") return std::nullopt;
    const auto parsed = net::parse_signing_request(spec.request.data.view());
    if (!parsed.ok()) return std::nullopt;
    const auto& groups = parsed->subject.organizations;
    if (std::find(groups.begin(), groups.end(), masters_group) == groups.end()) return std::nullopt;
    return status::forbidden({"certificates.k8s.io", "certificatesigningrequests"}, request.name,
                             "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed");
  }
};

const Registered<AdmissionPlugin> registered_certificate_request{"CertificateSubjectRestriction", [] { return std::make_unique<CertificateRequest>(); }};

}  // namespace
}  // namespace plumb::apiserver
