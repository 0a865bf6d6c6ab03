#include "harness/client/rest.h"

#include <gtest/gtest.h>

#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>

#include "harness/client/watch.h"

namespace plumb::client {
namespace {

// Answers from a script: what a request gets, and what a stream delivers before it ends or stays open.
class ScriptedTransport final : public Transport {
 public:
  struct Part {
    int status = 200;
    std::string body;
    bool stays_open = false;
    Headers headers = {};
  };
  std::deque<Part> answers, streams;
  std::vector<Request> requests;

  void send_async(Request request, std::function<void(Result<Response>)> done) override {
    requests.push_back(std::move(request));
    if (answers.empty()) return done(fail(Code::internal, "nothing scripted"));
    const Part part = answers.front();
    answers.pop_front();
    done(Response{part.status, part.headers, part.body});
  }
  std::unique_ptr<Stream> open(Request request, StreamCallbacks callbacks) override {
    struct Quiet final : Stream {
      void resume() override {}
    };
    requests.push_back(std::move(request));
    if (streams.empty()) {
      callbacks.on_end(fail(Code::unavailable, "nothing scripted"));
      return std::make_unique<Quiet>();
    }
    const Part part = streams.front();
    streams.pop_front();
    callbacks.on_headers(part.status, {});
    const auto half = part.body.size() / 2;
    callbacks.on_data(std::string_view(part.body).substr(0, half));
    callbacks.on_data(std::string_view(part.body).substr(half));
    if (!part.stays_open) callbacks.on_end({});
    return std::make_unique<Quiet>();
  }
};

std::string event(const std::string& type, const std::string& name, int version, const std::string& phase = {}) {
  return Json({{"type", type}, {"object", {{"metadata", {{"name", name}, {"resourceVersion", std::to_string(version)}}}, {"phase", phase}}}}).dump() + "\n";
}

struct ClientTest : testing::Test {
  ScriptedTransport* script = new ScriptedTransport;
  Client client{Config{.server = "https://test"}, std::unique_ptr<Transport>(script)};
  const Resource pods{"v1", "pods", "space"};
  const Instant soon = real_clock().now() + std::chrono::milliseconds(20);
};

TEST_F(ClientTest, MapsAStatusToAnError) {
  script->answers = {{409, R"({"kind":"Status","reason":"AlreadyExists","message":"it is there","code":409})"}};
  const auto result = client.create(pods, {{"metadata", {{"name", "a"}}}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::already_exists);
  EXPECT_EQ(result.error().reason, "AlreadyExists");
  EXPECT_EQ(result.error().http_status, 409);
  EXPECT_EQ(script->requests[0].target, "/api/v1/namespaces/space/pods");
}

TEST_F(ClientTest, RepeatsWhatMayBeRepeatedWhenTheServerIsBusy) {
  script->answers = {{429, "", false, {{"retry-after", "0"}}}, {503, "", false, {{"retry-after", "0"}}}, {200, "{}"}};
  EXPECT_TRUE(client.get(pods, "a").ok());
  EXPECT_EQ(script->requests.size(), 3u);
  script->answers = {{429, "{}", false, {{"retry-after", "0"}}}, {201, "{}"}};
  EXPECT_EQ(client.create(pods, Json::object()).error().code, Code::resource_exhausted);
}

TEST_F(ClientTest, RepeatsWhatTheServerAsksToRepeat) {
  script->answers = {{500, R"({"kind":"Status","reason":"ServerTimeout"})", false, {{"retry-after", "0"}}}, {201, "{}"}};
  EXPECT_TRUE(client.create(pods, Json::object()).ok());
  EXPECT_EQ(script->requests.size(), 2u);
  script->answers = {{503, "{}"}, {201, "{}"}};
  EXPECT_FALSE(client.create(pods, Json::object()).ok()) << "it may have been created";
}

TEST_F(ClientTest, PutsPagesTogether) {
  script->answers = {{200, R"({"metadata":{"continue":"more","resourceVersion":"5"},"items":[1,2]})"}, {200, R"({"metadata":{"resourceVersion":"5"},"items":[3]})"}};
  const auto all = client.list_all(pods, {}, 2);
  ASSERT_TRUE(all.ok()) << all.error().message;
  EXPECT_EQ((*all)["items"], Json::array({1, 2, 3}));
  EXPECT_EQ(script->requests[1].target, "/api/v1/namespaces/space/pods?continue=more&limit=2");
}

TEST_F(ClientTest, TakesAWatchUpFromTheLastVersion) {
  script->streams = {{200, event("ADDED", "a", 7) + event("BOOKMARK", "", 9)}, {200, event("DELETED", "a", 11), true}};
  const auto watch = client.watch(pods, {{"resourceVersion", "5"}});
  ASSERT_TRUE(watch.ok());
  EXPECT_EQ((*(*watch)->next(soon))->type, "ADDED");
  EXPECT_EQ((*(*watch)->next(soon))->type, "BOOKMARK");
  EXPECT_EQ((*(*watch)->next(soon))->type, "DELETED");
  EXPECT_NE(script->requests[1].target.find("resourceVersion=9"), std::string::npos);
  EXPECT_FALSE((*watch)->next(soon)->has_value());
}

TEST_F(ClientTest, TellsThatAWatchHasExpired) {
  script->streams = {{200, R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}})" "\n"}};
  const auto watch = client.watch(pods, {{"resourceVersion", "5"}});
  EXPECT_EQ((*watch)->next(soon).error().code, Code::expired);
}

TEST_F(ClientTest, DoesNotHammerAServerThatKeepsEndingWatches) {
  for (int i = 0; i < 1000; ++i) script->streams.push_back({200, ""});
  const auto watch = client.watch(pods, {{"resourceVersion", "5"}});
  const auto event = (*watch)->next(real_clock().now() + std::chrono::milliseconds(500));
  ASSERT_TRUE(event.ok());
  EXPECT_FALSE(event->has_value());
  EXPECT_GE(script->requests.size(), 2u);
  EXPECT_LE(script->requests.size(), 5u) << "at 0, 50 to 100, 150 to 300, 350 to 700 ms";
}

TEST_F(ClientTest, GivesAWatchUpThatTheServerKeepsRefusing) {
  script->streams.assign(10, {503, R"({"kind":"Status","code":503,"message":"busy"})"});
  Watch watch(*script, "/pods", {});
  EXPECT_EQ(watch.next(real_clock().now() + std::chrono::seconds(20)).error().code, Code::unavailable);
  EXPECT_EQ(script->requests.size(), 5u);
}

TEST_F(ClientTest, FollowsLogsToTheLastLineEvenWithoutANewline) {
  script->streams = {{200, "one\ntwo\nthr"}, {404, R"({"kind":"Status","reason":"NotFound","code":404})"}};
  const auto lines = client.follow_logs("space", "pod", {{"container", "main"}});
  ASSERT_TRUE(lines.ok()) << lines.error().message;
  EXPECT_EQ(script->requests[0].target, "/api/v1/namespaces/space/pods/pod/log?container=main&follow=true");
  std::string line;
  ASSERT_EQ((*lines)->next(soon, line), LineStream::Next::line);
  EXPECT_EQ(line, "one");
  ASSERT_EQ((*lines)->next(soon, line), LineStream::Next::line);
  ASSERT_EQ((*lines)->next(soon, line), LineStream::Next::ended);
  EXPECT_EQ(line, "thr");
  EXPECT_TRUE((*lines)->outcome().ok());
  EXPECT_EQ(client.follow_logs("space", "gone").error().code, Code::not_found);
}

TEST_F(ClientTest, RefusesEventsThatAreNone) {
  script->streams = {{200, "{\"type\": 7}\n", true}};
  const auto watch = client.watch(pods);
  EXPECT_EQ((*watch)->next(soon).error().code, Code::internal);
}

TEST_F(ClientTest, WaitsThroughEventsAndAnExpiredWatch) {
  script->answers = {{200, R"({"metadata":{"resourceVersion":"5"},"items":[]})"}, {200, R"({"metadata":{"resourceVersion":"9"},"items":[]})"}};
  script->streams = {{410, R"({"kind":"Status","reason":"Expired","code":410})"}, {200, event("ADDED", "a", 10, "new") + event("MODIFIED", "a", 11, "done"), true}};
  const auto got = client.wait_for(pods, "a", "it to be done", [](const Json* pod) { return pod != nullptr && (*pod)["phase"] == "done"; }, std::chrono::seconds(5));
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ((*got)["metadata"]["resourceVersion"], "11");
}

TEST_F(ClientTest, SaysWhatItSawWhenItWaitedInVain) {
  script->answers = {{200, R"({"metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"a"},"phase":"stuck"}]})"}};
  script->streams = {{200, "", true}};
  const auto got = client.wait_for(pods, "a", "it to be done", [](const Json*) { return false; }, std::chrono::milliseconds(10));
  EXPECT_EQ(got.error().code, Code::deadline_exceeded);
  EXPECT_NE(got.error().message.find("stuck"), std::string::npos);
}

}  // namespace
}  // namespace plumb::client
