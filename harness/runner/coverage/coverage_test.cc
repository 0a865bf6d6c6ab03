#include <gtest/gtest.h>

#include "harness/runner/coverage/upstream_list.h"
#include "harness/runner/coverage/watched_transport.h"

namespace plumb::harness {
namespace {

const Registered<UpstreamTable> table{"endpoints", [] {
  return std::make_unique<UpstreamTable>(UpstreamTable{"# comment\n"
                                                       "listPods\tGET\t/api/v1/namespaces/{namespace}/pods\n"
                                                       "readPod\tGET\t/api/v1/namespaces/{namespace}/pods/{name}\n"
                                                       "readStatus\tGET\t/api/v1/namespaces/{namespace}/status\n"
                                                       "deletePod\tDELETE\t/api/v1/namespaces/{namespace}/pods/{name}\n"
                                                       "groups\tGET\t/apis\n"});
}};

TEST(EndpointIndex, FindsTheMostSpecificTemplate) {
  const EndpointIndex index(upstream_endpoints());
  const auto operation = [&](std::string_view method, std::string_view target) {
    const Endpoint* found = index.find(method, target);
    return found == nullptr ? std::string("none") : found->operation;
  };
  EXPECT_EQ(operation("GET", "/api/v1/namespaces/ns/pods?limit=1"), "listPods");
  EXPECT_EQ(operation("GET", "/api/v1/namespaces/ns/pods/p"), "readPod");
  EXPECT_EQ(operation("DELETE", "/api/v1/namespaces/ns/pods/p"), "deletePod");
  EXPECT_EQ(operation("GET", "/api/v1/namespaces/pods/status"), "readStatus");
  EXPECT_EQ(operation("GET", "/apis/"), "groups");
  EXPECT_EQ(operation("PUT", "/api/v1/namespaces/ns/pods/p"), "none");
  EXPECT_EQ(operation("GET", "/api/v1/namespaces/ns/services"), "none");
  EXPECT_EQ(operation("GET", ""), "none");
}

TEST(Blanked, LeavesTypeAndIdentity) {
  EXPECT_EQ(blanked(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","labels":{"a":"b"}},"spec":{"x":1}})"),
            R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}})");
  EXPECT_EQ(blanked(R"({"kind":"PodList","items":[{"metadata":{"name":"p"}}]})"), R"({"items":[],"kind":"PodList"})");
  EXPECT_EQ(blanked(R"({"kind":"Status","status":"Success","details":{}})"), R"({"kind":"Status","status":"Success"})");
  EXPECT_EQ(blanked("a line of a log"), "");
  EXPECT_EQ(blanked("[1]"), "");
}

// Answers everything with the same object; a stream gives it as an event, cut in two.
class OnePod final : public client::Transport {
 public:
  void send_async(client::Request, std::function<void(Result<client::Response>)> done) override { done(client::Response{200, {}, pod}); }
  std::unique_ptr<client::Stream> open(client::Request, client::StreamCallbacks callbacks) override {
    const std::string event = R"({"type":"ADDED","object":)" + pod + "}\n";
    (void)callbacks.on_data(event.substr(0, 30));
    (void)callbacks.on_data(event.substr(30));
    return nullptr;
  }
  const std::string pod = R"({"kind":"Pod","metadata":{"name":"p"},"spec":{"x":1}})";
};

TEST(WatchedTransport, NotesWhatIsCalledAndBlanksOneOperation) {
  const auto watch = std::make_shared<CallWatch>("readPod");
  const auto transport = watch_calls(std::make_unique<OnePod>(), watch);
  EXPECT_EQ(transport->send({.target = "/api/v1/namespaces/a/pods/p"})->body, R"({"kind":"Pod","metadata":{"name":"p"}})");
  EXPECT_EQ(transport->send({.target = "/api/v1/namespaces/a/pods"})->body, OnePod().pod);
  EXPECT_EQ(transport->send({.target = "/not/listed"})->body, OnePod().pod);
  EXPECT_EQ(watch->operations(), (std::set<std::string>{"listPods", "readPod"}));
  watch->forget();
  EXPECT_TRUE(watch->operations().empty());
}

TEST(WatchedTransport, BlanksTheEventsOfAWatch) {
  const auto transport = watch_calls(std::make_unique<OnePod>(), std::make_shared<CallWatch>("listPods"));
  std::string got;
  client::StreamCallbacks callbacks;
  callbacks.on_data = [&](std::string_view data) { got += data; return true; };
  (void)transport->open({.target = "/api/v1/namespaces/a/pods?watch=1"}, std::move(callbacks));
  EXPECT_EQ(got, R"({"object":{"kind":"Pod","metadata":{"name":"p"}},"type":"ADDED"})" "\n");
}

}  // namespace
}  // namespace plumb::harness
