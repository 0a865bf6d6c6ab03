// The controller "certificatesigningrequest-approving-controller": approves the client certificates that kubelets ask for, where RBAC lets the asker
// create certificatesigningrequests/selfnodeclient (for itself) or /nodeclient (for any node).
#include "reference/api/types/authorizationv1.h"
#include "reference/controllers/certificates/decide.h"
#include "reference/controllers/certificates/kubelet_requests.h"
#include "reference/controllers/certificates/role.h"
#include "reference/controllers/framework/controller.h"

namespace plumb::controllers::certificates {

namespace {

using certificatesv1::CertificateSigningRequest;

struct Way {
  std::string_view subresource, message;
};
constexpr Way self{"selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview."};
constexpr Way other{"nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview."};

std::vector<Way> ways(const CertificateSigningRequest& request) {
  if (request.spec.signerName != kubelet_client_signer) return {};
  const auto parsed = net::parse_signing_request(request.spec.request.data.view());
  if (!parsed.ok() || no_kubelet_client(parsed->subject, request.spec.usages)) return {};
  if (request.spec.username == parsed->subject.common_name) return {self, other};
  return {other};
}

ObjectPtr review(const CertificateSigningRequest& request, const Way& way) {
  auto made = std::make_shared<authorizationv1::SubjectAccessReview>();
  made->spec.user = request.spec.username;
  made->spec.uid = request.spec.uid;
  made->spec.groups = request.spec.groups;
  made->spec.extra = request.spec.extra;
  auto& attributes = made->spec.resourceAttributes.ensure();
  attributes.group = "certificates.k8s.io";
  attributes.resource = "certificatesigningrequests";
  attributes.subresource = way.subresource;
  attributes.verb = "create";
  return made;
}

Plan approve(const CertificateSigningRequest& request, const Way& way) {
  auto next = std::make_shared<CertificateSigningRequest>(request);
  auto& condition = next->status.conditions.emplace_back();
  condition.type = "Approved";
  condition.status = "True";
  condition.reason = "AutoApproved";
  condition.message = way.message;
  Plan plan;
  plan.act(informer::update_request(next, "approval"));
  return plan;
}

// Asks about one way after the other, until one is allowed.
Plan ask(const RequestPtr& request, std::vector<Way> left) {
  Plan plan;
  if (left.empty()) return plan;
  const Way way = left.front();
  left.erase(left.begin());
  plan.act(informer::create_request(review(*request, way)));
  plan.then = [request, way, left](const Outcome& outcome) {
    Plan after;
    after.retry = outcome.failure;
    const auto& answer = outcome.answers.front().object;
    if (!answer.ok()) return after;
    const auto reviewed = api::as<authorizationv1::SubjectAccessReview>(*answer);
    return reviewed && reviewed->status.allowed ? approve(*request, way) : ask(request, left);
  };
  return plan;
}

}  // namespace

Plan decide_approval(const RequestPtr& request) {
  if (!request || !request->status.certificate.data.empty() || has_condition(*request, "Approved") || has_condition(*request, "Denied")) return {};
  return ask(request, ways(*request));
}

namespace {

class Approving final : public Controller {
 public:
  std::string component() const override { return "csrapproving"; }
  std::string account() const override { return "certificate-controller"; }
  std::string queue_name() const override { return "certificate"; }
  std::vector<apiserver::Grant> grants() const override { return certificates::grants(); }
  void watch(Watches& watches) override { requests_ = watches.watch_keys<CertificateSigningRequest>(); }
  Plan reconcile(const std::string& key, const Now&) override { return decide_approval(requests_.get(key)); }

 private:
  informer::Lister<CertificateSigningRequest> requests_;
};

const Registered<Controller> registered{"certificatesigningrequest-approving-controller", [] { return std::make_unique<Approving>(); }};

}  // namespace

}  // namespace plumb::controllers::certificates
