// The two real transports against a real API server on an embedded store.
#include <algorithm>

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
  using MakeSecurity = std::function<Result<apiserver::Security>(apiserver::Registry&)>;
  explicit Server(MakeSecurity security = apiserver::test::allow_all) : security_(std::move(security)) {
    auto store = store::EmbeddedStore::open({directory_.path()}, real_clock());
    EXPECT_TRUE(store.ok()) << store.error().message;
    store_ = std::move(*store);
    start();
  }
  ~Server() {
    server_.reset();
    store_->close();
  }
  apiserver::Apiserver* operator->() { return server_.get(); }
  // On the same port and the same store.
  void restart() {
    port_ = server_->port();
    server_.reset();
    start();
  }

 private:
  void start() {
    apiserver::ApiserverOptions options;
    options.store = store_.get();
    options.clock = &real_clock();
    options.port = port_;
    options.disabled_admission = {"ServiceAccount"};
    options.security = security_;
    auto started = apiserver::Apiserver::start(std::move(options));
    ASSERT_TRUE(started.ok()) << started.error().message;
    server_ = std::move(*started);
  }
  const MakeSecurity security_;
  apiserver::test::TemporaryDirectory directory_;
  std::unique_ptr<store::EmbeddedStore> store_;
  std::unique_ptr<apiserver::Apiserver> server_;
  std::uint16_t port_ = 0;
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
  InProcessTransport transport_{server_->registry(), {}, server_.operator->()};
  std::unique_ptr<Client> client_ = transport_.client(user("tester"), "test");
};

std::unique_ptr<Client> remote_client(Server& server) {
  net::ClientOptions options;
  options.endpoint.host = "127.0.0.1";
  options.endpoint.port = server->port();
  options.protocol = net::ClientOptions::Protocol::http_2;
  auto http = net::HttpClient::create(std::move(options));
  EXPECT_TRUE(http.ok()) << http.error().message;
  return make_https_client({.http = *http});
}

class RemoteCluster final : public ClusterUnderTest {
 public:
  RemoteCluster() { make_default_namespace(*client_); }
  Client& client() override { return *client_; }

 private:
  Server server_;
  std::unique_ptr<Client> client_ = remote_client(server_);
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

TEST(InProcessTransportTest, ReadsPathsAsItsUser) {
  Server server([](apiserver::Registry&) -> Result<apiserver::Security> {
    apiserver::Security security;
    security.authorizers.push_back(std::make_unique<DenyAll>());
    return security;
  });
  InProcessTransport transport(server->registry(), {}, server.operator->());
  const auto refused = transport.client(user("mallory"), "test")->get_raw("/apis/metrics.k8s.io/v1beta1/nodes");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, "Forbidden");
  EXPECT_EQ(refused.error().message,
            "nodes.metrics.k8s.io is forbidden: User \"mallory\" cannot list resource \"nodes\" in API group \"metrics.k8s.io\" at the cluster scope");
}

TEST(InProcessTransportTest, HandsOverTheServersOwnSnapshots) {
  Server server;
  InProcessTransport transport(server->registry(), {});
  const auto client = transport.client(user("tester"), "test");
  make_default_namespace(*client);
  EXPECT_EQ(client->call(get_request(resource_of<corev1::Namespace>(), {}, "default")).value(),
            client->call(get_request(resource_of<corev1::Namespace>(), {}, "default")).value());
}

TEST(RemoteTransportTest, InformersSurviveARestartOfTheServer) {
  Server server;
  const auto client = remote_client(server);
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> seen;
  Informer informer(*client, real_clock(), resource_of<corev1::Namespace>());
  informer.add_handler([&](const ObjectPtr& before, const ObjectPtr& after) {
    std::lock_guard lock(mutex);
    seen.push_back((!before ? "add " : after ? "update " : "delete ") + object_key(after ? *after : *before));
    changed.notify_all();
  });
  const auto saw = [&](const std::string& what) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), [&] { return std::find(seen.begin(), seen.end(), what) != seen.end(); });
  };
  informer.start();
  make_default_namespace(*client);
  EXPECT_TRUE(saw("add default"));
  server.restart();
  auto home = std::make_shared<corev1::Namespace>();
  home->metadata.name = "later";
  const auto made = client->create<corev1::Namespace>(home);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_TRUE(saw("add later"));
  std::lock_guard lock(mutex);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), "add default"), 1);
}

}  // namespace
}  // namespace plumb::informer
