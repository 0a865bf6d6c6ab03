#include "harness/net/crypto.h"
#include "reference/api/types/certificatesv1.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver::test {
namespace {

using certificatesv1::CertificateSigningRequest;

class CertificateRequests : public RegistryTest {
 protected:
  const AdmissionChain* admission() const override { return &chain_; }
  void SetUp() override {
    RegistryTest::SetUp();
    User user;
    user.name = "asker";
    user.groups = {"system:authenticated"};
    context_.user = std::make_shared<const User>(std::move(user));
    registry_->extend(nullptr, {}, {&everything_});
  }
  static std::shared_ptr<CertificateSigningRequest> request(std::string_view signer, const std::string& group) {
    net::CertificateRequest subject;
    subject.common_name = "somebody";
    subject.organizations = {group};
    auto made = std::make_shared<CertificateSigningRequest>();
    made->metadata.name = "r";
    made->spec.request = api::Bytes(*net::make_signing_request(*net::generate_ec_key(), subject));
    made->spec.signerName = signer;
    made->spec.usages.push_back("client auth");
    made->spec.username = "system:admin";
    made->spec.groups.push_back("system:masters");
    return made;
  }
  ApiResult<CachedPtr> approve(const CertificateSigningRequest& before) {
    auto next = std::make_shared<CertificateSigningRequest>(before);
    auto& condition = next->status.conditions.emplace_back();
    condition.type = "Approved";
    condition.status = "True";
    return await<CachedPtr>([&](auto done) { registry_->update(context_, resource(CertificateSigningRequest::info()), {"", "r"}, "approval", next, done); });
  }

 private:
  AdmissionChain chain_;
  AllowAll everything_;
};

TEST_F(CertificateRequests, AskersAreWhoTheyAreAndNotWhoTheySay) {
  const auto made = create(request("example.com/signer", "friends"), "");
  ASSERT_TRUE(made.ok()) << made.status().message.str();
  const auto& spec = static_cast<const CertificateSigningRequest&>(***made).spec;
  EXPECT_EQ(spec.username, "asker");
  ASSERT_EQ(spec.groups.size(), 1u);
  EXPECT_EQ(spec.groups[0], "system:authenticated");
}

TEST_F(CertificateRequests, ConditionsGetTheirTimes) {
  const auto made = create(request("example.com/signer", "friends"), "");
  ASSERT_TRUE(made.ok()) << made.status().message.str();
  const auto approved = approve(static_cast<const CertificateSigningRequest&>(***made));
  ASSERT_TRUE(approved.ok()) << approved.status().message.str();
  const auto& status = static_cast<const CertificateSigningRequest&>(***approved).status;
  ASSERT_EQ(status.conditions.size(), 1u);
  EXPECT_TRUE(status.conditions[0].lastUpdateTime);
  EXPECT_TRUE(status.conditions[0].lastTransitionTime);
}

TEST_F(CertificateRequests, NobodyBecomesAMasterByOne) {
  const auto refused = create(request("kubernetes.io/kube-apiserver-client", "system:masters"), "");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code, 403);
  EXPECT_TRUE(refused.status().message.view().ends_with("use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed")) << refused.status().message.str();
  EXPECT_TRUE(create(request("kubernetes.io/kube-apiserver-client", "friends"), "").ok());
}

}  // namespace
}  // namespace plumb::apiserver::test
