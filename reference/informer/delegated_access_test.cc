#include "reference/informer/delegated_access.h"

#include <gtest/gtest.h>

#include "harness/net/crypto.h"
#include "reference/api/types/authenticationv1.h"
#include "reference/api/types/authorizationv1.h"
#include "reference/api/types/corev1.h"
#include "reference/informer/fake_client.h"

namespace plumb::informer {
namespace {

using namespace std::chrono_literals;

// An API server that knows one token, and lets jane get what is called "allowed".
class Reviewer final : public Client {
 public:
  using Client::get_raw;
  using Client::list;
  void send(Request request, Done done) override {
    ++asked;
    if (broken) return done(fail(Code::unavailable, "nobody is there"));
    if (const auto* token = api::as<authenticationv1::TokenReview>(*request.object)) {
      auto answer = std::make_shared<authenticationv1::TokenReview>(*token);
      answer->status.authenticated = token->spec.token == "good";
      answer->status.user.username = "jane";
      return done(ObjectPtr(answer));
    }
    auto answer = std::make_shared<authorizationv1::SubjectAccessReview>(static_cast<const authorizationv1::SubjectAccessReview&>(*request.object));
    last = answer->spec;
    answer->status.allowed = answer->spec.user == "jane" && answer->spec.resourceAttributes && answer->spec.resourceAttributes->name == "allowed";
    done(ObjectPtr(answer));
  }
  void list(const Resource&, const ListOptions&, ListDone) override {}
  std::unique_ptr<Watch> watch(const Resource&, const WatchOptions&, WatchHandler) override { return nullptr; }
  void get_raw(std::string, RawDone) override {}

  int asked = 0;
  bool broken = false;
  authorizationv1::SubjectAccessReviewSpec last;
};

class DelegatedAccessTest : public ::testing::Test {
 protected:
  net::CertificateAuthority authority(const std::string& name) { return net::make_authority(name, clock_.wall() - 1h, clock_.wall() + 1h).value(); }
  std::shared_ptr<const net::Peer> peer(const net::CertificateAuthority& by, const std::string& name, bool for_client = true) {
    net::CertificateRequest request;
    request.common_name = name;
    request.organizations = {"team"};
    request.for_client = for_client;
    request.for_server = !for_client;
    request.not_before = clock_.wall() - 1h;
    request.not_after = clock_.wall() + 1h;
    auto made = std::make_shared<net::Peer>();
    made->certificate = net::parse_certificate(net::issue_certificate(by, request).value().certificate_pem).value();
    return made;
  }
  // "jane", or the status that refuses.
  std::string check(std::shared_ptr<const net::Peer> who, net::Headers headers = {}, const std::string& name = "allowed") {
    net::Request request;
    request.peer = std::move(who);
    request.headers = std::move(headers);
    AccessQuestion question;
    question.is_resource = true;
    question.verb = "get";
    question.resource = "pods";
    question.name = name;
    std::string answer = "no answer";
    access_.check(request, question, [&](Result<apiserver::UserPtr> user) { answer = user.ok() ? (*user)->name : std::to_string(user.error().http_status); });
    return answer;
  }

  VirtualClock clock_{real_clock().wall()};
  Reviewer reviewer_;
  const net::CertificateAuthority clients_ = authority("clients"), proxies_ = authority("proxies"), strangers_ = authority("strangers");
  DelegatedAccess access_{reviewer_, clock_,
                          {clients_.certificate_pem, ProxyTrust{proxies_.certificate_pem, {"front-proxy-client"}, {"X-Remote-User"}, {"X-Remote-Group"}, {}, {"X-Remote-Extra-"}}}};
};

TEST_F(DelegatedAccessTest, ClientCertificatesNameTheUser) {
  EXPECT_EQ(check(peer(clients_, "jane")), "jane");
  EXPECT_EQ(reviewer_.last.groups.size(), 2u);
  EXPECT_EQ(reviewer_.last.groups[0], "team");
  EXPECT_EQ(reviewer_.last.groups[1], "system:authenticated");
  EXPECT_EQ(check(peer(clients_, "jane"), {}, "other"), "403");
  EXPECT_EQ(check(peer(clients_, "joe")), "403");
  EXPECT_EQ(check(peer(strangers_, "jane")), "401");
  EXPECT_EQ(check(peer(clients_, "jane", false)), "401");
}

TEST_F(DelegatedAccessTest, OnlyTrustedProxiesSpeakForOthers) {
  const net::Headers jane{{"x-remote-user", "jane"}, {"X-Remote-Group", "a"}, {"X-Remote-Extra-Scopes%2fx", "s"}};
  EXPECT_EQ(check(peer(proxies_, "front-proxy-client"), jane), "jane");
  EXPECT_EQ(check(peer(proxies_, "somebody"), jane), "401");
  EXPECT_EQ(check(peer(proxies_, "front-proxy-client")), "401");
  // What a client says of itself counts for nothing.
  EXPECT_EQ(check(peer(clients_, "joe"), jane), "403");
  EXPECT_EQ(reviewer_.last.user, "joe");
  EXPECT_EQ(check(nullptr, jane), "403");
  EXPECT_EQ(reviewer_.last.user, "system:anonymous");
}

TEST_F(DelegatedAccessTest, TokensAreReviewed) {
  EXPECT_EQ(check(nullptr, {{"authorization", "Bearer good"}}), "jane");
  EXPECT_EQ(check(nullptr, {{"authorization", "Bearer bad"}}), "401");
  const int asked = reviewer_.asked;
  EXPECT_EQ(check(nullptr, {{"authorization", "Bearer good"}}), "jane");
  EXPECT_EQ(reviewer_.asked, asked);
  clock_.advance(11s);
  EXPECT_EQ(check(nullptr, {{"authorization", "Bearer good"}}), "jane");
  EXPECT_EQ(reviewer_.asked, asked + 2);
}

TEST_F(DelegatedAccessTest, NobodyIsLetInWhenNobodyCanBeAsked) {
  reviewer_.broken = true;
  EXPECT_EQ(check(peer(clients_, "jane")), "500");
  EXPECT_EQ(check(nullptr, {{"authorization", "Bearer good"}}), "401");
}

TEST(ProxyTrustTest, IsReadFromTheCluster) {
  VirtualClock clock;
  FakeClient client(clock);
  EXPECT_FALSE(read_proxy_trust(client).ok());
  auto map = std::make_shared<corev1::ConfigMap>();
  map->metadata.name = "extension-apiserver-authentication";
  map->metadata.namespace_ = "kube-system";
  map->data.set("requestheader-client-ca-file", "PEM");
  map->data.set("requestheader-allowed-names", R"(["front-proxy-client"])");
  map->data.set("requestheader-username-headers", "nonsense");
  client.add(map);
  const auto trust = read_proxy_trust(client);
  ASSERT_TRUE(trust.ok()) << trust.error().message;
  ASSERT_TRUE(*trust);
  EXPECT_EQ((*trust)->ca_pem, "PEM");
  EXPECT_EQ((*trust)->allowed_names, std::vector<std::string>{"front-proxy-client"});
  EXPECT_TRUE((*trust)->username_headers.empty());
}

}  // namespace
}  // namespace plumb::informer
