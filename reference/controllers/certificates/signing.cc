// The controller "certificatesigningrequest-signing-controller": signs what was approved for the signers of kubernetes.io, with the key of
// --cluster-signing-key-file; without one it does nothing.
#include <algorithm>

#include "harness/base/file.h"
#include "harness/base/log.h"
#include "reference/controllers/certificates/decide.h"
#include "reference/controllers/certificates/kubelet_requests.h"
#include "reference/controllers/certificates/role.h"
#include "reference/controllers/framework/controller.h"

namespace plumb::controllers::certificates {

namespace {

using certificatesv1::CertificateSigningRequest;
using namespace std::chrono_literals;

constexpr Duration backdated = 5min;   // for clocks that are slow
constexpr Duration short_life = 8h;    // what lives shorter is not cut by that
constexpr Duration least_life = 10min;

// Why this signer does not sign such requests; nullopt when it does.
std::optional<std::string> refusal(const CertificateSigningRequest& request, const net::CertificateInfo& subject) {
  if (request.spec.signerName == kubelet_client_signer) return no_kubelet_client(subject, request.spec.usages);
  if (request.spec.signerName == kubelet_serving_signer) return no_kubelet_server(subject, request.spec.usages);
  return no_client(request.spec.usages);
}
bool is_ours(const api::Str& signer) { return signer == kubelet_client_signer || signer == kubelet_serving_signer || signer == client_signer; }

Result<std::string> sign(const Signer& signer, const CertificateSigningRequest& request, WallTime now) {
  Duration life = signer.longest;
  if (const auto& wanted = request.spec.expirationSeconds) life = std::clamp<Duration>(std::chrono::seconds(*wanted), std::min(least_life, signer.longest), signer.longest);
  const WallTime from = now - backdated;
  const WallTime until = std::min(life < short_life ? now + life : from + life, signer.authority_ends);
  const auto uses = [&](std::string_view usage) {
    return std::any_of(request.spec.usages.begin(), request.spec.usages.end(), [&](const api::Str& each) { return each == usage; });
  };
  return net::sign_request(signer.authority, request.spec.request.data.view(), uses("server auth"), uses("client auth"), from, until);
}

Plan write(const RequestPtr& request, const std::function<void(certificatesv1::CertificateSigningRequestStatus&)>& change) {
  auto next = std::make_shared<CertificateSigningRequest>(*request);
  change(next->status);
  Plan plan;
  plan.act(informer::update_request(next, "status"));
  return plan;
}

}  // namespace

Plan decide_signature(const RequestPtr& request, const Signer& signer, const Now& now) {
  if (!request || !is_ours(request->spec.signerName) || !request->status.certificate.data.empty()) return {};
  if (!has_condition(*request, "Approved") || has_condition(*request, "Denied") || has_condition(*request, "Failed")) return {};
  const auto parsed = net::parse_signing_request(request->spec.request.data.view());
  if (!parsed.ok()) return {};
  if (const auto why = refusal(*request, parsed->subject)) {
    return write(request, [&](auto& status) {
      auto& condition = status.conditions.emplace_back();
      condition.type = "Failed";
      condition.status = "True";
      condition.reason = "SignerValidationFailure";
      condition.message = api::Str(*why);
      condition.lastUpdateTime = api::Time::from(now.wall);
    });
  }
  const auto certificate = sign(signer, *request, now.wall);
  if (certificate.ok()) return write(request, [&](auto& status) { status.certificate = api::Bytes(*certificate); });
  Plan plan;
  plan.retry = certificate.error();
  return plan;
}

namespace {

class Signing final : public Controller {
 public:
  std::string component() const override { return "csrsigning"; }
  std::string account() const override { return "certificate-controller"; }
  std::string queue_name() const override { return "certificate"; }
  std::vector<apiserver::Grant> grants() const override { return certificates::grants(); }
  std::vector<OptionSpec> options() const override {
    return {{"cluster-signing-cert-file", OptionSpec::Kind::text, "", "certificate of the CA that signs requests (PEM)"},
            {"cluster-signing-key-file", OptionSpec::Kind::text, "", "its key (PEM); without both nothing is signed"},
            {"cluster-signing-duration", OptionSpec::Kind::duration, "8760h", "how long certificates are valid at most"}};
  }
  void watch(Watches& watches) override {
    load(watches.options);
    requests_ = watches.watch_keys<CertificateSigningRequest>();
  }
  Plan reconcile(const std::string& key, const Now& now) override { return signer_ ? decide_signature(requests_.get(key), *signer_, now) : Plan(); }

 private:
  void load(const Options& options) {
    const std::string certificate_file = options.text("cluster-signing-cert-file", {}), key_file = options.text("cluster-signing-key-file", {});
    if (certificate_file.empty() || key_file.empty()) return;
    const auto certificate = read_file(certificate_file), key = read_file(key_file);
    const auto parsed = certificate.ok() ? net::parse_certificate(*certificate) : certificate.error();
    if (!key.ok() || !parsed.ok()) return log::error(component(), "no request will be signed: " + (key.ok() ? parsed.error() : key.error()).message);
    signer_ = Signer{{*certificate, *key}, parsed->not_after, options.duration("cluster-signing-duration", 8760h)};
  }

  std::optional<Signer> signer_;
  informer::Lister<CertificateSigningRequest> requests_;
};

const Registered<Controller> registered{"certificatesigningrequest-signing-controller", [] { return std::make_unique<Signing>(); }};

}  // namespace

}  // namespace plumb::controllers::certificates
