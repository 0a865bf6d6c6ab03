// The controller "certificatesigningrequest-cleaner-controller": deletes requests that are done with: an hour after they were denied, failed or
// got their certificate, when that certificate has run out, or after a day without an answer.
#include "reference/controllers/certificates/kubelet_requests.h"
#include "reference/controllers/certificates/role.h"
#include "reference/controllers/framework/controller.h"

namespace plumb::controllers::certificates {

namespace {

using certificatesv1::CertificateSigningRequest;
using RequestPtr = std::shared_ptr<const CertificateSigningRequest>;
using namespace std::chrono_literals;

constexpr Duration after_answer = 1h, without_answer = 24h;

// When it is to go; nullopt while nothing says so.
std::optional<WallTime> done_at(const CertificateSigningRequest& request) {
  std::optional<WallTime> earliest;
  const auto no_later = [&](const api::Time& from, Duration after) {
    if (from && (!earliest || from.wall() + after < *earliest)) earliest = from.wall() + after;
  };
  const bool issued = !request.status.certificate.data.empty();
  if (request.status.conditions.empty()) no_later(request.metadata.creationTimestamp, without_answer);
  for (const auto& condition : request.status.conditions) {
    const bool approved = condition.type == "Approved";
    if (condition.type == "Denied" || condition.type == "Failed" || (approved && issued)) no_later(condition.lastUpdateTime, after_answer);
    if (!approved || !issued) continue;
    if (const auto certificate = net::parse_certificate(request.status.certificate.data.view()); certificate.ok()) no_later(api::Time::from(certificate->not_after), 0s);
  }
  return earliest;
}

class Cleaner final : public Controller {
 public:
  std::string component() const override { return "csrcleaner"; }
  std::string account() const override { return "certificate-controller"; }
  std::string queue_name() const override { return "csrcleaner"; }
  std::vector<apiserver::Grant> grants() const override { return certificates::grants(); }
  void watch(Watches& watches) override { requests_ = watches.watch_keys<CertificateSigningRequest>(); }
  Plan reconcile(const std::string& key, const Now& now) override {
    const RequestPtr request = requests_.get(key);
    const auto done = request ? done_at(*request) : std::nullopt;
    Plan plan;
    if (done && *done < now.wall) {
      plan.act(informer::remove_request(informer::resource_of<CertificateSigningRequest>(), "", request->metadata.name, informer::only_this(*request))).accept = {"NotFound"};
    } else if (done) {
      plan.come_again(*done - now.wall + 1s);
    }
    return plan;
  }

 private:
  informer::Lister<CertificateSigningRequest> requests_;
};

const Registered<Controller> registered{"certificatesigningrequest-cleaner-controller", [] { return std::make_unique<Cleaner>(); }};

}  // namespace

}  // namespace plumb::controllers::certificates
