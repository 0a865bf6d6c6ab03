#include "reference/api/types/certificatesv1.h"

#include "harness/net/crypto.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver::test {
namespace {

using certificatesv1::CertificateSigningRequest;

// Allows one verb on one signer.
class AllowOne : public Authorizer {
 public:
  Verdict authorize(const Attributes& asked) override {
    const bool same = asked.verb == verb && asked.name == signer && asked.resource == "signers" && asked.group == "certificates.k8s.io" && asked.user;
    return {same ? Decision::allow : Decision::no_opinion, {}};
  }
  void rules(const User&, std::string_view, authorizationv1::SubjectRulesReviewStatus&) override {}
  std::string verb, signer;
};

class CertificateSigners : public RegistryTest {
 protected:
  const AdmissionChain* admission() const override { return &chain_; }
  void SetUp() override {
    RegistryTest::SetUp();
    registry_->extend(nullptr, {}, {&authorizer_});
    auto made = std::make_shared<CertificateSigningRequest>();
    made->metadata.name = "r";
    made->spec.request = api::Bytes(*net::make_signing_request(*net::generate_ec_key(), {}));
    made->spec.signerName = "example.com/one";
    made->spec.usages.push_back("client auth");
    const auto created = create(made, "");
    ASSERT_TRUE(created.ok()) << created.status().message.str();
  }
  ApiResult<CachedPtr> with(std::string_view subresource, std::function<void(CertificateSigningRequest&)> edit) {
    return await<CachedPtr>([&](auto done) {
      registry_->transform(context_, resource(CertificateSigningRequest::info()), {"", "r"}, subresource, [&edit](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
        auto next = std::make_shared<CertificateSigningRequest>(static_cast<const CertificateSigningRequest&>(current));
        edit(*next);
        return std::shared_ptr<api::Object>(next);
      }, done);
    });
  }
  static void conclude(CertificateSigningRequest& next, std::string_view type) {
    auto& condition = next.status.conditions.emplace_back();
    condition.type = type;
    condition.status = "True";
  }
  ApiResult<CachedPtr> approve(const char* verb, const char* signer) {
    authorizer_.verb = verb;
    authorizer_.signer = signer;
    return with("approval", [](auto& next) { conclude(next, "Approved"); });
  }

  AllowOne authorizer_;

 private:
  AdmissionChain chain_;
};

TEST_F(CertificateSigners, ApprovingNeedsTheVerbOnTheSigner) {
  const auto refused = approve("sign", "example.com/one");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code, 403);
  EXPECT_EQ(refused.status().message,
            "certificatesigningrequests.certificates.k8s.io \"r\" is forbidden: user not permitted to approve requests with signerName \"example.com/one\"");
  EXPECT_EQ(approve("approve", "example.com/two").status().code, 403);
  EXPECT_TRUE(approve("approve", "example.com/one").ok());
}

TEST_F(CertificateSigners, OrOnAllOfItsDomain) { EXPECT_TRUE(approve("approve", "example.com/*").ok()); }

TEST_F(CertificateSigners, SigningNeedsItsVerbUnlessNothingIsSaid) {
  EXPECT_TRUE(with("status", [](auto& next) { next.metadata.labels.set("a", "b"); }).ok());
  const auto fail = [](CertificateSigningRequest& next) { conclude(next, "Failed"); };
  const auto refused = with("status", fail);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().message,
            "certificatesigningrequests.certificates.k8s.io \"r\" is forbidden: user not permitted to sign requests with signerName \"example.com/one\"");
  authorizer_.verb = "sign";
  authorizer_.signer = "example.com/*";
  EXPECT_TRUE(with("status", fail).ok());
}

}  // namespace
}  // namespace plumb::apiserver::test
