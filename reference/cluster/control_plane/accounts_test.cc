// Tokens of the controllers' accounts over time: asked for, renewed before they end, and asked for again after a refusal.
#include "reference/cluster/control_plane/accounts.h"

#include <gtest/gtest.h>

#include <future>

#include "harness/base/log.h"
#include "harness/net/client.h"
#include "reference/api/types/authenticationv1.h"
#include "reference/api/types/corev1.h"

namespace plumb::cluster {
namespace {

using namespace std::chrono_literals;

// An API server that knows service accounts and issues tokens for them.
class TokenServer final : public informer::Client {
 public:
  explicit TokenServer(Clock& clock) : clock_(clock) {}
  using Client::get_raw;
  using Client::list;
  void send(informer::Request request, informer::Done done) override { done(answer(request)); }
  void list(const informer::Resource&, const informer::ListOptions&, informer::ListDone done) override { done(fail(Code::unsupported, "no lists")); }
  std::unique_ptr<informer::Watch> watch(const informer::Resource&, const informer::WatchOptions&, informer::WatchHandler) override { return nullptr; }
  void get_raw(std::string, informer::RawDone done) override { done(fail(Code::unsupported, "no paths")); }

  bool has_account = false, down = false;
  std::vector<std::string> asked;

 private:
  Result<informer::ObjectPtr> answer(const informer::Request& request) {
    asked.push_back(request.subresource.empty() ? "account " + request.object->metadata.name.str() : "token " + request.name);
    if (down) return fail(Code::unavailable, "the server is down");
    if (request.subresource.empty()) {
      has_account = true;
      return informer::ObjectPtr(request.object);
    }
    if (!has_account) return fail(Code::not_found, "there is no such account", "NotFound");
    auto issued = std::make_shared<authenticationv1::TokenRequest>(static_cast<const authenticationv1::TokenRequest&>(*request.object));
    issued->status.token = "token";
    issued->status.expirationTimestamp = api::Time::from(clock_.wall() + std::chrono::seconds(*issued->spec.expirationSeconds));
    return informer::ObjectPtr(std::move(issued));
  }
  Clock& clock_;
};

struct AccountsTest : testing::Test {
  AccountsTest() { log::set_level(log::Level::off); }
  static Result<std::shared_ptr<net::HttpClient>> nowhere() { return net::HttpClient::create({.endpoint = net::parse_url("https://127.0.0.1:1").value().endpoint}); }

  VirtualClock clock;
  TokenServer server{clock};
  std::unique_ptr<Accounts> accounts = make_token_accounts(server, nowhere, clock, "test");
};

TEST_F(AccountsTest, MakesTheAccountAndRenewsItsTokenAtFourFifthsOfItsLife) {
  ASSERT_NE(accounts->client("deployment-controller"), nullptr);
  EXPECT_EQ(server.asked, (std::vector<std::string>{"token deployment-controller", "account deployment-controller", "token deployment-controller"}));
  EXPECT_EQ(accounts->client("deployment-controller"), accounts->client("deployment-controller"));
  server.asked.clear();
  clock.advance(47min);
  EXPECT_TRUE(server.asked.empty());
  clock.advance(2min);
  EXPECT_EQ(server.asked, (std::vector<std::string>{"token deployment-controller"}));
  clock.advance(46min);
  EXPECT_EQ(server.asked.size(), 1u);
  clock.advance(2min);
  EXPECT_EQ(server.asked.size(), 2u);
}

TEST_F(AccountsTest, AsksAgainUntilTheServerAnswers) {
  server.has_account = true;
  ASSERT_NE(accounts->client("a"), nullptr);
  server.down = true;
  clock.advance(48min);
  const std::size_t first = server.asked.size();
  clock.advance(5s);
  EXPECT_GE(server.asked.size(), first + 4);
  server.down = false;
  clock.advance(1s);
  const std::size_t answered = server.asked.size();
  clock.advance(30min);
  EXPECT_EQ(server.asked.size(), answered);
}

TEST_F(AccountsTest, NobodyWaitsAfterTheEnd) {
  server.down = true;
  auto waiting = std::async(std::launch::async, [&] { return accounts->client("a"); });
  EXPECT_EQ(waiting.wait_for(20ms), std::future_status::timeout);
  accounts->stop();
  EXPECT_EQ(waiting.get(), nullptr);
  EXPECT_EQ(accounts->client("b"), nullptr);
}

}  // namespace
}  // namespace plumb::cluster
