#include <algorithm>

#include "reference/api/types/certificatesv1.h"
#include "reference/resources/certificatesigningrequests/signing_request_rules.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

std::string condition(const certificatesv1::CertificateSigningRequestStatus& status) {
  const auto has = [&](std::string_view type) {
    return std::any_of(status.conditions.begin(), status.conditions.end(), [&](const auto& one) { return one.type == type; });
  };
  std::string out = has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending";
  if (has("Failed")) out += ",Failed";
  if (!status.certificate.data.empty()) out += ",Issued";
  return out;
}

class CertificateSigningRequests final : public Typed<certificatesv1::CertificateSigningRequest> {
 public:
  CertificateSigningRequests() : Typed(Names{"certificatesigningrequests", "certificatesigningrequest", {"csr"}, {}, false}, NameRule::path_segment) {}
  std::vector<std::string_view> subresources() const override { return {"approval"}; }
  bool has_generation() const override { return false; }
  std::vector<std::string_view> selectable_field_names() const override { return {"spec.signerName"}; }
  std::vector<Column> columns() const override {
    return {name_column(), age_column(), text_column("SignerName", "Who should sign."), text_column("Requestor", "Who asks."),
            text_column("RequestedDuration", "How long the certificate should be valid."), text_column("Condition", "How the request stands.")};
  }

 protected:
  // An approval or a denial is a condition; all else stays.
  void on_subresource_update(std::string_view, certificatesv1::CertificateSigningRequest& next,
                             const certificatesv1::CertificateSigningRequest& previous) const override {
    auto conditions = std::move(next.status.conditions);
    next.spec = previous.spec;
    next.status = previous.status;
    next.status.conditions = std::move(conditions);
  }
  // What was asked for stays as it was asked.
  void on_update(certificatesv1::CertificateSigningRequest& next, const certificatesv1::CertificateSigningRequest& previous) const override {
    next.spec = previous.spec;
  }
  void check(const certificatesv1::CertificateSigningRequest& request, FieldErrors& errors) const override { check_signing_request(request, errors); }
  void check_update(const certificatesv1::CertificateSigningRequest& next, const certificatesv1::CertificateSigningRequest& previous,
                    FieldErrors& errors) const override {
    check_signing_request_update(next, previous, CsrPart::spec, errors);
  }
  void check_status_update(const certificatesv1::CertificateSigningRequest& next, const certificatesv1::CertificateSigningRequest& previous,
                           FieldErrors& errors) const override {
    check_signing_request(next, errors);
    check_signing_request_update(next, previous, CsrPart::status, errors);
  }
  void check_subresource_update(std::string_view, const certificatesv1::CertificateSigningRequest& next, const certificatesv1::CertificateSigningRequest& previous,
                                FieldErrors& errors) const override {
    check_signing_request(next, errors);
    check_signing_request_update(next, previous, CsrPart::approval, errors);
  }
  std::vector<SelectableField> fields_of(const certificatesv1::CertificateSigningRequest& object) const override {
    return {{"spec.signerName", object.spec.signerName.str()}};
  }
  std::vector<Cell> cells(const certificatesv1::CertificateSigningRequest& object, WallTime now) const override {
    const auto& wanted = object.spec.expirationSeconds;
    return {object.metadata.name, age(object, now), or_else(object.spec.signerName, "<none>"), object.spec.username,
            wanted ? human_duration(std::chrono::seconds(*wanted)) : "<none>", condition(object.status)};
  }
};

const Registered<Resource> registered_certificatesigningrequests{"certificatesigningrequests.certificates.k8s.io", [] { return std::make_unique<CertificateSigningRequests>(); }};

}  // namespace
}  // namespace plumb::resources
