// The two real transports against a real API server on an embedded store.
#include "harness/net/client.h"
#include "reference/apiserver/test_support.h"
#include "reference/informer/client_contract.h"
#include "reference/informer/https.h"
#include "reference/informer/in_process.h"
#include "reference/informer/informer.h"

namespace plumb::informer {
namespace {

class Server {
 public:
  Server() {
    auto store = store::EmbeddedStore::open({directory_.path()}, real_clock());
    EXPECT_TRUE(store.ok()) << store.error().message;
    store_ = std::move(*store);
    apiserver::ApiserverOptions options;
    options.store = store_.get();
    options.clock = &real_clock();
    options.port = 0;
    options.disabled_admission = {"ServiceAccount"};
    options.security = apiserver::test::allow_all;
    auto started = apiserver::Apiserver::start(std::move(options));
    EXPECT_TRUE(started.ok()) << started.error().message;
    server_ = std::move(*started);
  }
  ~Server() {
    server_.reset();
    store_->close();
  }
  apiserver::Apiserver& operator*() { return *server_; }
  apiserver::Apiserver* operator->() { return server_.get(); }

 private:
  apiserver::test::TemporaryDirectory directory_;
  std::unique_ptr<store::EmbeddedStore> store_;
  std::unique_ptr<apiserver::Apiserver> server_;
};

void make_default_namespace(Client& client) {
  auto home = std::make_shared<corev1::Namespace>();
  home->metadata.name = "default";
  const auto made = client.create<corev1::Namespace>(home);
  EXPECT_TRUE(made.ok() || is_already_exists(made.error())) << made.error().message;
}

apiserver::UserPtr user(std::string name) {
  auto user = std::make_shared<apiserver::User>();
  user->name = std::move(name);
  return user;
}

class InProcessCluster final : public ClusterUnderTest {
 public:
  InProcessCluster() { make_default_namespace(*client_); }
  Client& client() override { return *client_; }

 private:
  Server server_;
  InProcessTransport transport_{server_->registry(), {}};
  std::unique_ptr<Client> client_ = transport_.client(user("tester"), "test");
};

class RemoteCluster final : public ClusterUnderTest {
 public:
  RemoteCluster() {
    net::ClientOptions options;
    options.endpoint.host = "127.0.0.1";
    options.endpoint.port = server_->port();
    options.protocol = net::ClientOptions::Protocol::http_2;
    auto http = net::HttpClient::create(std::move(options));
    EXPECT_TRUE(http.ok()) << http.error().message;
    client_ = make_https_client({.http = *http});
    make_default_namespace(*client_);
  }
  Client& client() override { return *client_; }

 private:
  Server server_;
  std::unique_ptr<Client> client_;
};

INSTANTIATE_TEST_SUITE_P(InProcess, ClientContract,
                         testing::Values([]() -> std::unique_ptr<ClusterUnderTest> { return std::make_unique<InProcessCluster>(); }));
INSTANTIATE_TEST_SUITE_P(Remote, ClientContract,
                         testing::Values([]() -> std::unique_ptr<ClusterUnderTest> { return std::make_unique<RemoteCluster>(); }));

class DenyAll final : public apiserver::Authorizer {
 public:
  apiserver::Verdict authorize(const apiserver::Attributes&) override { return {apiserver::Decision::no_opinion, {}}; }
  void rules(const apiserver::User&, std::string_view, authorizationv1::SubjectRulesReviewStatus&) override {}
};

TEST(InProcessTransportTest, RefusesWhatTheUserMayNotDo) {
  Server server;
  DenyAll nobody;
  InProcessTransport transport(server->registry(), {&nobody});
  const auto client = transport.client(user("mallory"), "test");
  const auto refused = client->get<corev1::Secret>("default", "token");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, "Forbidden");
  EXPECT_EQ(refused.error().message,
            "secrets \"token\" is forbidden: User \"mallory\" cannot get resource \"secrets\" in API group \"\" in the namespace \"default\"");
  WatchLog log;
  const auto watch = client->watch(resource_of<corev1::Secret>(), {}, log.handler());
  const auto events = log.wait_for(1);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].type, WatchEvent::Type::closed);
  EXPECT_EQ(events[0].error.reason, "Forbidden");
}

TEST(InProcessTransportTest, HandsOverTheServersOwnSnapshots) {
  Server server;
  InProcessTransport transport(server->registry(), {});
  const auto client = transport.client(user("tester"), "test");
  make_default_namespace(*client);
  EXPECT_EQ(client->call(get_request(resource_of<corev1::Namespace>(), {}, "default")).value(),
            client->call(get_request(resource_of<corev1::Namespace>(), {}, "default")).value());
}

}  // namespace
}  // namespace plumb::informer
