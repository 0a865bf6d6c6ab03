#include "reference/resources/certificatesigningrequests/signing_request_rules.h"

#include <algorithm>
#include <set>

#include "harness/net/crypto.h"
#include "reference/resources/shared/checks.h"

namespace plumb::resources {
namespace {

using certificatesv1::CertificateSigningRequest;
using certificatesv1::CertificateSigningRequestCondition;

const FieldPath conditions_path("status.conditions"), certificate_path("status.certificate");
constexpr std::int32_t least_seconds = 600;
constexpr std::size_t longest_signer_path = 571;

bool is_verdict(std::string_view type) { return type == "Approved" || type == "Denied"; }

// "example.com/name": a domain, and a path of one or more parts.
void check_signer_name(const api::Str& name, FieldErrors& errors) {
  const FieldPath path = spec_path.child("signerName");
  if (name.empty()) return errors.required(path);
  if (name == "kubernetes.io/legacy-unknown") return errors.invalid(path, quoted(name), "the legacy signerName is not allowed via this API version");
  const std::string_view text = name.view();
  const auto slash = text.find('/');
  if (slash == text.npos || text.find('/', slash + 1) != text.npos)
    return errors.invalid(path, quoted(name), "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  check_text(api::check_dns1123_subdomain(text.substr(0, slash)), path, name, errors);
  if (text.substr(0, slash).find('.') == text.npos) errors.invalid(path, quoted(name), "should be a domain with at least two segments separated by dots");
  if (text.size() > longest_signer_path) errors.too_long(path, longest_signer_path);
  check_text(api::check_dns1123_subdomain(text.substr(slash + 1)), path, name, errors);
}

void check_conditions(const api::List<CertificateSigningRequestCondition>& conditions, FieldErrors& errors) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const auto& condition = conditions[i];
    const FieldPath at = conditions_path.index(i);
    check_required(condition.type, at.child("type"), errors);
    const bool only_true = is_verdict(condition.type) || condition.type == "Failed";
    const std::vector<std::string_view> allowed = only_true ? std::vector<std::string_view>{"True"} : std::vector<std::string_view>{"False", "True", "Unknown"};
    if (condition.status.empty())
      errors.required(at.child("status"));
    else if (std::find(allowed.begin(), allowed.end(), condition.status.view()) == allowed.end())
      errors.not_supported(at.child("status"), quoted(condition.status), allowed);
    if (is_verdict(condition.type) && seen.contains(condition.type == "Approved" ? "Denied" : "Approved"))
      errors.invalid(at.child("type"), quoted(condition.type), "Approved and Denied conditions are mutually exclusive");
    if (!seen.insert(condition.type).second) errors.duplicate(at.child("type"), quoted(condition.type));
  }
}

std::vector<const CertificateSigningRequestCondition*> of_type(const CertificateSigningRequest& request, std::string_view type) {
  std::vector<const CertificateSigningRequestCondition*> found;
  for (const auto& condition : request.status.conditions)
    if (condition.type == type) found.push_back(&condition);
  return found;
}

bool same(const std::vector<const CertificateSigningRequestCondition*>& a, const std::vector<const CertificateSigningRequestCondition*>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto* one, const auto* other) { return *one == *other; });
}

}  // namespace

void check_signing_request(const CertificateSigningRequest& request, FieldErrors& errors) {
  const auto& spec = request.spec;
  const auto parsed = net::parse_signing_request(spec.request.data);
  if (!parsed.ok()) errors.invalid(spec_path.child("request"), "<request data>", parsed.error().message);
  if (spec.usages.empty()) errors.required(spec_path.child("usages"));
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < spec.usages.size(); ++i)
    if (!seen.insert(spec.usages[i]).second) errors.duplicate(spec_path.child("usages").index(i), quoted(spec.usages[i]));
  check_signer_name(spec.signerName, errors);
  if (spec.expirationSeconds && *spec.expirationSeconds < least_seconds)
    errors.invalid(spec_path.child("expirationSeconds"), std::to_string(*spec.expirationSeconds), "may not specify a duration less than 600 seconds (10 minutes)");
  check_conditions(request.status.conditions, errors);
}

void check_signing_request_update(const CertificateSigningRequest& next, const CertificateSigningRequest& previous, CsrPart part, FieldErrors& errors) {
  for (const std::string_view type : {"Approved", "Denied", "Failed"}) {
    const auto now = of_type(next, type), then = of_type(previous, type);
    const std::string tail = "a condition of type " + quoted(type);
    if (now.size() < then.size())
      errors.forbidden(conditions_path, "updates may not remove " + tail);
    else if (part == CsrPart::approval || !is_verdict(type))
      continue;
    else if (now.size() > then.size())
      errors.forbidden(conditions_path, "updates may not add " + tail);
    else if (!same(now, then))
      errors.forbidden(conditions_path, "updates may not modify " + tail);
  }
  if (next.status.certificate == previous.status.certificate) return;
  if (part != CsrPart::status) return errors.forbidden(certificate_path, "updates may not set certificate content");
  if (!previous.status.certificate.data.empty()) return errors.forbidden(certificate_path, "updates may not modify existing certificate content");
  const auto certificate = net::parse_certificate(next.status.certificate.data.view());
  if (!certificate.ok()) errors.invalid(certificate_path, quoted("<certificate data>"), certificate.error().message);
}

}  // namespace plumb::resources
