#include <gtest/gtest.h>

#include "reference/api/types/authorizationv1.h"
#include "reference/controllers/certificates/decide.h"
#include "reference/controllers/certificates/kubelet_requests.h"

namespace plumb::controllers::certificates {
namespace {

using certificatesv1::CertificateSigningRequest;
using namespace std::chrono_literals;

const Now now{Instant{}, WallTime(std::chrono::seconds(1'600'000'000))};

net::CertificateRequest node_subject() {
  net::CertificateRequest subject;
  subject.common_name = "system:node:n1";
  subject.organizations = {"system:nodes"};
  return subject;
}

std::shared_ptr<CertificateSigningRequest> request(std::string_view signer, const net::CertificateRequest& subject, std::initializer_list<const char*> usages) {
  auto made = std::make_shared<CertificateSigningRequest>();
  made->metadata.name = "r";
  made->spec.request = api::Bytes(*net::make_signing_request(*net::generate_ec_key(), subject));
  made->spec.signerName = signer;
  made->spec.username = "system:node:n1";
  for (const char* usage : usages) made->spec.usages.push_back(usage);
  return made;
}
std::shared_ptr<CertificateSigningRequest> kubelet_request() { return request(kubelet_client_signer, node_subject(), {"digital signature", "client auth"}); }

void add_condition(CertificateSigningRequest& request, std::string_view type) {
  auto& condition = request.status.conditions.emplace_back();
  condition.type = type;
  condition.status = "True";
}

const Request& only_request(const Plan& plan) { return plan.stages.at(0).actions.at(0).request; }

// The answer to what the plan asks.
Plan answered(const Plan& plan, bool allowed) {
  auto review = std::make_shared<authorizationv1::SubjectAccessReview>();
  review->status.allowed = allowed;
  Outcome outcome;
  outcome.answers.emplace_back().object = ObjectPtr(review);
  return plan.then(outcome);
}
std::string asked(const Plan& plan) {
  return static_cast<const authorizationv1::SubjectAccessReview&>(*only_request(plan).object).spec.resourceAttributes->subresource.str();
}

TEST(Approval, AKubeletThatMayGetsItsCertificate) {
  const Plan own = decide_approval(kubelet_request());
  EXPECT_EQ(asked(own), "selfnodeclient");
  const Plan approved = answered(own, true);
  EXPECT_EQ(only_request(approved).subresource, "approval");
  const auto& condition = static_cast<const CertificateSigningRequest&>(*only_request(approved).object).status.conditions[0];
  EXPECT_EQ(condition.type, "Approved");
  EXPECT_EQ(condition.reason, "AutoApproved");
  const Plan any = answered(own, false);
  EXPECT_EQ(asked(any), "nodeclient");
  EXPECT_TRUE(answered(any, false).stages.empty());
}

TEST(Approval, OthersAreLeftAlone) {
  EXPECT_TRUE(decide_approval(request(client_signer, node_subject(), {"client auth"})).stages.empty());
  EXPECT_TRUE(decide_approval(request(kubelet_client_signer, node_subject(), {"server auth"})).stages.empty());
  auto stranger = kubelet_request();
  stranger->spec.username = "somebody";
  EXPECT_EQ(asked(decide_approval(stranger)), "nodeclient");
  auto denied = kubelet_request();
  add_condition(*denied, "Denied");
  EXPECT_TRUE(decide_approval(denied).stages.empty());
}

struct Signing : testing::Test {
  Signer signer{*net::make_authority("kubernetes-ca", now.wall - 24h, now.wall + 24h * 3650), now.wall + 24h * 3650, 24h * 365};
  certificatesv1::CertificateSigningRequestStatus signed_status(const RequestPtr& request) {
    const Plan plan = decide_signature(request, signer, now);
    EXPECT_EQ(only_request(plan).subresource, "status");
    return static_cast<const CertificateSigningRequest&>(*only_request(plan).object).status;
  }
};

TEST_F(Signing, WhatIsApprovedIsSignedForAsLongAsAskedFor) {
  auto wanted = kubelet_request();
  EXPECT_TRUE(decide_signature(wanted, signer, now).stages.empty()) << "nobody approved it";
  add_condition(*wanted, "Approved");
  const auto certificate = net::parse_certificate(signed_status(wanted).certificate.data.view());
  ASSERT_TRUE(certificate.ok());
  EXPECT_EQ(certificate->common_name, "system:node:n1");
  EXPECT_TRUE(certificate->for_client);
  EXPECT_FALSE(certificate->for_server);
  EXPECT_EQ(certificate->not_before, now.wall - 5min);
  EXPECT_EQ(certificate->not_after, now.wall - 5min + 24h * 365);
  wanted->spec.expirationSeconds = 3600;
  EXPECT_EQ(net::parse_certificate(signed_status(wanted).certificate.data.view())->not_after, now.wall + 1h);
  wanted->status.certificate = api::Bytes("there");
  EXPECT_TRUE(decide_signature(wanted, signer, now).stages.empty());
}

TEST_F(Signing, WhatItsSignerDoesNotSignFails) {
  auto serving = request(kubelet_serving_signer, node_subject(), {"digital signature", "server auth"});
  add_condition(*serving, "Approved");
  const auto status = signed_status(serving);
  EXPECT_TRUE(status.certificate.data.empty());
  ASSERT_EQ(status.conditions.size(), 2u);
  EXPECT_EQ(status.conditions[1].type, "Failed");
  EXPECT_EQ(status.conditions[1].reason, "SignerValidationFailure");
  EXPECT_EQ(status.conditions[1].message, "DNS or IP subjectAltName is required");
  auto foreign = request("example.com/signer", node_subject(), {"client auth"});
  add_condition(*foreign, "Approved");
  EXPECT_TRUE(decide_signature(foreign, signer, now).stages.empty());
}

TEST(KubeletRequests, Rules) {
  const auto why = [](const std::function<void(net::CertificateInfo&)>& change, const Usages& usages = {"digital signature", "client auth"}) {
    net::CertificateInfo subject;
    subject.common_name = "system:node:n1";
    subject.organizations = {"system:nodes"};
    change(subject);
    return no_kubelet_client(subject, usages).value_or("");
  };
  EXPECT_EQ(why([](auto&) {}), "");
  EXPECT_EQ(why([](auto& s) { s.organizations = {"system:masters"}; }), "subject organization is not system:nodes");
  EXPECT_EQ(why([](auto& s) { s.dns_names = {"a"}; }), "DNS subjectAltNames are not allowed");
  EXPECT_EQ(why([](auto& s) { s.ip_addresses = {"10.0.0.1"}; }), "IP subjectAltNames are not allowed");
  EXPECT_EQ(why([](auto& s) { s.common_name = "n1"; }), "subject common name does not begin with system:node:");
  EXPECT_EQ(why([](auto&) {}, {"client auth"}), "usages did not match [client auth digital signature key encipherment]");
  EXPECT_EQ(no_client({"client auth", "server auth"}), "invalid usage for client certificate: server auth");
  EXPECT_EQ(no_client({"digital signature"}), "missing required usage for client certificate: client auth");
  EXPECT_FALSE(no_client({"client auth"}));
}

}  // namespace
}  // namespace plumb::controllers::certificates
