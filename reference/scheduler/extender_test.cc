// The protocol, and extenders that do not keep to it.
#include "reference/scheduler/extender.h"

#include <gmock/gmock.h>

#include <future>

#include "reference/scheduler/extender_testing.h"
#include "reference/scheduler/testing.h"

namespace plumb::scheduler {
namespace {

using namespace std::chrono_literals;
using namespace plumb::scheduler::testing;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Pair;

struct ExtenderTest : ::testing::Test {
  FakeExtender server;
  std::shared_ptr<net::Reactor> reactor = net::Reactor::start("test");
  ~ExtenderTest() override { reactor->stop(); }

  std::shared_ptr<const Extender> make(const std::function<void(ExtenderOptions&)>& change = nullptr) {
    ExtenderOptions options = server.options();
    if (change) change(options);
    auto made = Extender::make(options, reactor);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return *made;
  }
  template <class T>
  static Result<T> wait(const std::function<void(std::function<void(Result<T>)>)>& ask) {
    std::promise<Result<T>> answer;
    ask([&](Result<T> result) { answer.set_value(std::move(result)); });
    return answer.get_future().get();
  }
  Result<ExtenderFilterResult> filter(const Extender& extender) {
    return wait<ExtenderFilterResult>([&](auto done) { extender.filter(MakePod("web").pod, {MakeNode("a").node, MakeNode("b").node}, done); });
  }
  Result<HostPriorities> prioritize(const Extender& extender) {
    return wait<HostPriorities>([&](auto done) { extender.prioritize(MakePod("web").pod, {MakeNode("a").node}, done); });
  }
  std::string filter_error(const Extender& extender) {
    const auto result = filter(extender);
    return result.ok() ? "" : result.error().message;
  }
};

TEST_F(ExtenderTest, SendsNamesToOneThatKnowsTheNodes) {
  server.on("filter", R"({"NodeNames":["b"],"FailedNodes":{"a":"busy"},"FailedAndUnresolvableNodes":{"c":"broken"},"Error":""})");
  const auto result = filter(*make());
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_THAT(result->nodes, ElementsAre("b"));
  EXPECT_THAT(result->failed, ElementsAre(Pair("a", "busy")));
  EXPECT_THAT(result->failed_and_unresolvable, ElementsAre(Pair("c", "broken")));
  EXPECT_THAT(server.last(), ::testing::StartsWith(R"(POST /v1/filter {"Pod":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web")"));
  EXPECT_THAT(server.last(), EndsWith(R"(,"Nodes":null,"NodeNames":["a","b"]})"));
}

TEST_F(ExtenderTest, SendsNodesToOthers) {
  server.on("filter", R"({"nodes":{"items":[{"metadata":{"name":"a"}}]},"nodeNames":["b"],"failedNodes":null})");
  const auto result = filter(*make([](ExtenderOptions& options) { options.node_cache_capable = false; }));
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_THAT(result->nodes, ElementsAre("a")) << "whatever the case of the members";
  EXPECT_THAT(server.last(), HasSubstr(R"("Nodes":{"metadata":{},"items":[{"kind":"Node","apiVersion":"v1","metadata":{"name":"a")"));
  EXPECT_THAT(server.last(), EndsWith(R"(]},"NodeNames":null})"));
}

TEST_F(ExtenderTest, ReadsScores) {
  server.on("prioritize", R"([{"Host":"a","Score":7},{"Host":"b","Score":-1}])");
  EXPECT_THAT(*prioritize(*make()), ElementsAre(Pair("a", 7), Pair("b", -1)));
  server.on("prioritize", "null");
  EXPECT_TRUE(prioritize(*make())->empty());
  server.on("prioritize", R"([{"Host":"a","Score":"7"}])");
  EXPECT_THAT(prioritize(*make()).error().message, EndsWith("the answer cannot be read: Score must be a whole number"));
}

TEST_F(ExtenderTest, AsksAboutVictims) {
  const auto preempt = [&](const Extender& extender) {
    return wait<MetaVictims>([&](auto done) {
      extender.preempt(MakePod("web").pod, {Room{"a", {std::make_shared<PodInfo>(MakePod("low").pod)}, 1}}, done);
    });
  };
  server.on("preempt", R"({"NodeNameToMetaVictims":{"a":{"Pods":[{"UID":"uid-low"}],"NumPDBViolations":2}}})");
  const auto victims = preempt(*make());
  ASSERT_TRUE(victims.ok()) << victims.error().message;
  EXPECT_THAT(victims->at("a").uids, ElementsAre("uid-low"));
  EXPECT_EQ(victims->at("a").budgets_violated, 2);
  EXPECT_THAT(server.last(), EndsWith(R"(,"NodeNameToVictims":null,"NodeNameToMetaVictims":{"a":{"Pods":[{"UID":"uid-low"}],"NumPDBViolations":1}}})"));
  EXPECT_TRUE(preempt(*make([](ExtenderOptions& options) { options.node_cache_capable = false; })).ok());
  EXPECT_THAT(server.last(), HasSubstr(R"("NodeNameToVictims":{"a":{"Pods":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"low")"));
}

TEST_F(ExtenderTest, Binds) {
  const auto extender = make([](ExtenderOptions& options) { options.bind_verb = "bind"; });
  const auto bind = [&] { return wait<void>([&](auto done) { extender->bind(MakePod("web").pod, "a", done); }); };
  server.on("bind", "{}");
  EXPECT_TRUE(bind().ok());
  EXPECT_EQ(server.last(), R"(POST /v1/bind {"PodName":"web","PodNamespace":"default","PodUID":"uid-web","Node":"a"})");
  server.on("bind", R"({"Error":"no device"})");
  EXPECT_THAT(bind().error().message, EndsWith("no device"));
}

TEST_F(ExtenderTest, WhatItDoesWrongIsAnError) {
  const auto extender = make([](ExtenderOptions& options) { options.timeout = 100ms; });
  const auto says = [&](const std::string& body, int status = 200) {
    server.on("filter", body, status);
    return filter_error(*extender);
  };
  EXPECT_THAT(says("{}", 500), EndsWith("to filter: it answered with HTTP status 500"));
  EXPECT_THAT(says("<html>"), HasSubstr("the answer cannot be read: invalid character '<'"));
  EXPECT_THAT(says("[]"), EndsWith("it is no JSON object"));
  EXPECT_THAT(says(R"({"NodeNames":"a"})"), EndsWith("NodeNames must be a list"));
  EXPECT_THAT(says(R"({"FailedNodes":{"a":1}})"), EndsWith("FailedNodes must be a text"));
  EXPECT_THAT(says(R"({"Error":"out of order"})"), EndsWith("out of order"));
  EXPECT_THAT(says(R"({"NodeNames":["z"]})"), EndsWith("claims a filtered node \"z\" which is not found in the input node list"));
  EXPECT_THAT(says(std::string(20'000, '[')), HasSubstr("the answer cannot be read"));
  server.on("filter", [kept = std::make_shared<std::vector<net::ResponseWriter>>()](const api::Doc&, net::ResponseWriter answer) {
    kept->push_back(std::move(answer));
  });
  EXPECT_FALSE(filter(*extender).ok()) << "too slow";
  server.on("filter", [](const api::Doc&, net::ResponseWriter answer) { answer.abort(); });
  EXPECT_FALSE(filter(*extender).ok());
}

TEST_F(ExtenderTest, AnAnswerWithoutEndIsGivenUp) {
  server.on("filter", [](const api::Doc&, net::ResponseWriter answer) {
    answer.begin(200, {});
    const auto chunk = net::bytes(std::string(1 << 20, ' '));
    for (std::size_t sent = 0; sent <= Extender::longest_answer; sent += chunk->size()) answer.write(chunk);
    answer.end();
  });
  const auto result = filter(*make([](ExtenderOptions& options) { options.timeout = 60s; }));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, plumb::Code::resource_exhausted) << result.error().message;
}

TEST_F(ExtenderTest, IsInterestedInWhatItManages) {
  const auto all = make(), some = make([](ExtenderOptions& options) { options.managed_resources = {"example.com/gpu"}; });
  const MakePod plain = MakePod().container({{"cpu", "1"}});
  EXPECT_TRUE(all->is_interested(*plain.pod));
  EXPECT_FALSE(some->is_interested(*plain.pod));
  EXPECT_TRUE(some->is_interested(*MakePod().container().container({{"example.com/gpu", "1"}}).pod));
  EXPECT_TRUE(some->is_interested(*MakePod().init({{"example.com/gpu", "1"}}).container().pod));
  MakePod limited = MakePod().container();
  limited.pod->spec.containers.front().resources.limits = amounts({{"example.com/gpu", "1"}});
  EXPECT_TRUE(some->is_interested(*limited.pod));
}

TEST_F(ExtenderTest, NeedsAUrl) {
  ExtenderOptions options = server.options();
  options.url_prefix = "ftp://x";
  EXPECT_THAT(Extender::make(options, reactor).error().message, HasSubstr("must begin with http:// or https://"));
  options.url_prefix = "https://x";
  options.tls.emplace().ca_file = "/nowhere/ca.pem";
  EXPECT_THAT(Extender::make(options, reactor).error().message, HasSubstr("/nowhere/ca.pem"));
}

}  // namespace
}  // namespace plumb::scheduler
