// Another API server behind this one, reached through an APIService; and servers that are none.
#include <atomic>
#include <condition_variable>
#include <thread>

#include "harness/base/encoding.h"
#include "harness/net/crypto.h"
#include "reference/apiserver/http/serving_test.h"

namespace plumb::apiserver::test {
namespace {

using namespace std::chrono_literals;

const net::CertificateAuthority& authority() {
  static const auto made = net::make_authority("backends", real_clock().wall() - 1h, real_clock().wall() + 1h).value();
  return made;
}

// Serves wardle.example.com/v1alpha1 as "api.default.svc".
class Backend {
 public:
  explicit Backend(net::Handler serve) {
    net::CertificateRequest request;
    request.common_name = "api";
    request.dns_names = {"api.default.svc"};
    request.for_server = true;
    request.not_before = real_clock().wall() - 1h;
    request.not_after = real_clock().wall() + 1h;
    const net::KeyPair pair = net::issue_certificate(authority(), request).value();
    net::ServerOptions options;
    options.tls = net::TlsServerOptions{pair.certificate_pem, pair.key_pem, {}};
    server_ = net::Server::start(std::move(options), [serve = std::move(serve)](net::Request asked, net::ResponseWriter writer) {
      if (asked.path == "/apis/wardle.example.com/v1alpha1") return writer.send(200, {{"content-type", "application/json"}}, list);
      serve(std::move(asked), std::move(writer));
    }).value();
  }
  std::uint16_t port() const { return server_->port(); }

  static constexpr const char* list =
      R"({"kind":"APIResourceList","apiVersion":"v1","groupVersion":"wardle.example.com/v1alpha1","resources":[)"
      R"({"name":"flunders","singularName":"flunder","namespaced":true,"kind":"Flunder","verbs":["get","list"]},)"
      R"({"name":"flunders/status","singularName":"","namespaced":true,"kind":"Flunder","verbs":["get"]}]})";

 private:
  std::unique_ptr<net::Server> server_;
};

class AggregationTest : public Serving {
 protected:
  // Endpoints cannot be on this machine alone, names can.
  void register_at(std::uint16_t port, const std::string& more = R"("caBundle":")" + base64_encode(authority().certificate_pem) + "\"") {
    EXPECT_EQ(send("POST", "/api/v1/namespaces/default/services", R"({"metadata":{"name":"api"},"spec":{"type":"ExternalName","externalName":"localhost"}})").status, 201);
    const auto made = send("POST", services_, R"({"metadata":{"name":"v1alpha1.wardle.example.com"},"spec":{"group":"wardle.example.com","version":"v1alpha1","groupPriorityMinimum":2000,)"
                           R"("versionPriority":200,"service":{"namespace":"default","name":"api","port":)" + std::to_string(port) + "}," + more + "}}");
    EXPECT_EQ(made.status, 201) << made.body;
  }
  std::string condition(const std::string& field) {
    const api::Doc service = json(send("GET", services_ + "/v1alpha1.wardle.example.com"));
    const api::Doc* value = service.at_pointer("/status/conditions/0/" + field);
    return value ? std::string(value->as_string()) : "";
  }
  // Whether the reason becomes this one.
  bool becomes(const std::string& reason) {
    for (const Instant end = real_clock().now() + 10s; real_clock().now() < end; std::this_thread::sleep_for(5ms))
      if (condition("reason") == reason) return true;
    ADD_FAILURE() << "the reason stays " << condition("reason") << ": " << condition("message");
    return false;
  }
  // Proxying follows the condition by an instant.
  net::ClientResponse through(const std::string& path, net::Headers headers = {}) {
    net::ClientResponse last;
    for (const Instant end = real_clock().now() + 10s; real_clock().now() < end; std::this_thread::sleep_for(5ms)) {
      last = send("GET", path, {}, headers);
      if (last.body != "service unavailable\n") break;
    }
    return last;
  }

  const std::string services_ = "/apis/apiregistration.k8s.io/v1/apiservices";
  const std::string flunders_ = "/apis/wardle.example.com/v1alpha1/namespaces/default/flunders";
};

TEST_F(AggregationTest, OwnGroupVersionsAreLocal) {
  const api::Doc list = json(send("GET", services_));
  std::size_t local = 0;
  for (const api::Doc& each : list["items"].items()) {
    EXPECT_EQ(each.at_pointer("/status/conditions/0/reason")->as_string(), "Local");
    EXPECT_EQ(each.at_pointer("/status/conditions/0/status")->as_string(), "True");
    EXPECT_EQ(each.at_pointer("/metadata/labels/kube-aggregator.kubernetes.io~1automanaged")->as_string(), "onstart");
    ++local;
  }
  EXPECT_GT(local, 15u);
  EXPECT_EQ(json(send("GET", services_ + "/v1."))["spec"]["groupPriorityMinimum"].as_int(), 18000);
  EXPECT_EQ(send("GET", services_ + "/v1.apiregistration.k8s.io").status, 404);
  // One that somebody makes without a server is local, too.
  EXPECT_EQ(send("POST", services_, R"({"metadata":{"name":"v1alpha1.wardle.example.com"},"spec":{"group":"wardle.example.com","version":"v1alpha1","groupPriorityMinimum":1,"versionPriority":1}})").status, 201);
  EXPECT_TRUE(becomes("Local"));
}

TEST_F(AggregationTest, PassesRequestsOnForTheUser) {
  std::mutex mutex;
  net::Headers seen;
  std::string query;
  Backend backend([&](net::Request asked, net::ResponseWriter writer) {
    {
      std::lock_guard lock(mutex);
      seen = asked.headers;
      query = asked.query;
    }
    if (asked.path.ends_with("/missing")) return writer.send(404, {{"content-type", "application/json"}}, R"({"kind":"Status","reason":"NotFound","message":"no such flunder","code":404})");
    writer.send(200, {{"content-type", "application/json"}}, R"({"kind":"FlunderList"})");
  });
  register_at(backend.port());
  ASSERT_TRUE(becomes("Passed"));
  EXPECT_EQ(condition("status"), "True");
  const auto answer = through(flunders_ + "?labelSelector=a%3Db", {{"x-remote-user", "root"}, {"X-Remote-Group", "system:masters"}, {"cookie", "secret=1"}, {"accept", "application/vnd.flunder"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"kind":"FlunderList"})");
  {
    std::lock_guard lock(mutex);
    EXPECT_EQ(query, "labelSelector=a%3Db");
    EXPECT_EQ(seen.get("accept"), "application/vnd.flunder");
    EXPECT_FALSE(seen.has("cookie"));
    std::vector<std::string> users, groups;
    for (const auto& [name, value] : seen) {
      if (net::same_name(name, "x-remote-user")) users.push_back(value);
      if (net::same_name(name, "x-remote-group")) groups.push_back(value);
    }
    EXPECT_EQ(users, std::vector<std::string>{"system:anonymous"});
    EXPECT_EQ(groups, std::vector<std::string>{"system:unauthenticated"});
  }
  // Refusals are the backend's own.
  const auto missing = send("GET", flunders_ + "/missing");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(json(missing)["message"].as_string(), "no such flunder");
}

TEST_F(AggregationTest, FindsWhatOthersServe) {
  Backend backend([](net::Request, net::ResponseWriter writer) { writer.send(200, {}, "{}"); });
  register_at(backend.port());
  ASSERT_TRUE(becomes("Passed"));
  EXPECT_EQ(json(through("/apis/wardle.example.com/v1alpha1"))["groupVersion"].as_string(), "wardle.example.com/v1alpha1");
  const api::Doc group = json(send("GET", "/apis/wardle.example.com"));
  EXPECT_EQ(group["preferredVersion"]["groupVersion"].as_string(), "wardle.example.com/v1alpha1");
  const api::Doc groups = json(send("GET", "/apis"));
  EXPECT_EQ(groups["groups"].items().front()["name"].as_string(), "apiregistration.k8s.io");
  EXPECT_EQ(groups["groups"].items().back()["name"].as_string(), "wardle.example.com");
  const api::Doc all = json(send("GET", "/apis", {}, {{"accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}}));
  const api::Doc& last = all["items"].items().back();
  EXPECT_EQ(last["metadata"]["name"].as_string(), "wardle.example.com");
  const api::Doc& version = last["versions"].items()[0];
  EXPECT_EQ(version["freshness"].as_string(), "Current");
  ASSERT_EQ(version["resources"].size(), 1u);
  EXPECT_EQ(version["resources"].items()[0]["responseKind"]["group"].as_string(), "wardle.example.com");
  EXPECT_EQ(version["resources"].items()[0]["subresources"].items()[0]["subresource"].as_string(), "status");
  EXPECT_EQ(send("DELETE", services_ + "/v1alpha1.wardle.example.com").status, 200);
  for (const Instant end = real_clock().now() + 10s; send("GET", "/apis/wardle.example.com").status != 404;) ASSERT_LT(real_clock().now(), end);
  EXPECT_EQ(send("GET", flunders_).status, 404);
}

TEST_F(AggregationTest, SaysWhatIsWrong) {
  EXPECT_EQ(send("POST", services_, R"({"metadata":{"name":"v1alpha1.wardle.example.com"},"spec":{"group":"wardle.example.com","version":"v1alpha1","groupPriorityMinimum":2000,"versionPriority":200,)"
                 R"("service":{"namespace":"default","name":"api"}}})").status, 201);
  EXPECT_TRUE(becomes("ServiceNotFound"));
  EXPECT_EQ(condition("status"), "False");
  const auto refused = send("GET", flunders_);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body, "service unavailable\n");
  EXPECT_EQ(send("POST", "/api/v1/namespaces/default/services", R"({"metadata":{"name":"api"},"spec":{"ports":[{"port":443}]}})").status, 201);
  EXPECT_TRUE(becomes("EndpointsNotFound"));
}

TEST_F(AggregationTest, TrustsNobodyWithoutTheRightCertificate) {
  Backend backend([](net::Request, net::ResponseWriter writer) { writer.send(200, {}, "{}"); });
  const auto stranger = net::make_authority("stranger", real_clock().wall() - 1h, real_clock().wall() + 1h).value();
  register_at(backend.port(), R"("caBundle":")" + base64_encode(stranger.certificate_pem) + "\"");
  ASSERT_TRUE(becomes("Passed"));
  EXPECT_EQ(through(flunders_).status, 503);
  EXPECT_EQ(send("PATCH", services_ + "/v1alpha1.wardle.example.com", R"({"spec":{"caBundle":null,"insecureSkipTLSVerify":true}})", {{"content-type", "application/merge-patch+json"}}).status, 200);
  for (const Instant end = real_clock().now() + 10s; send("GET", flunders_).status != 200;) ASSERT_LT(real_clock().now(), end);
}

TEST_F(AggregationTest, StreamsWatches) {
  std::promise<net::ResponseWriter> handed;
  Backend backend([&](net::Request asked, net::ResponseWriter writer) {
    EXPECT_EQ(asked.query, "watch=true");
    writer.begin(200, {{"content-type", "application/json"}});
    writer.write(std::string("{\"type\":\"ADDED\"}\n"));
    handed.set_value(writer);
  });
  register_at(backend.port());
  ASSERT_TRUE(becomes("Passed"));
  ASSERT_EQ(through("/apis/wardle.example.com/v1alpha1").status, 200);
  std::mutex mutex;
  std::condition_variable changed;
  std::string data;
  bool ended = false;
  net::CallCallbacks callbacks;
  callbacks.on_data = [&](std::string_view bytes) {
    std::lock_guard lock(mutex);
    data += bytes;
    changed.notify_all();
  };
  callbacks.on_end = [&](const net::Headers&) {
    std::lock_guard lock(mutex);
    ended = true;
    changed.notify_all();
  };
  net::ClientRequest request;
  request.target = flunders_ + "?watch=true";
  const net::Call call = client_->stream(std::move(request), std::move(callbacks));
  const auto await = [&](auto condition_holds) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 10s, condition_holds);
  };
  EXPECT_TRUE(await([&] { return data == "{\"type\":\"ADDED\"}\n"; }));
  net::ResponseWriter writer = handed.get_future().get();
  writer.write(std::string("{\"type\":\"MODIFIED\"}\n"));
  EXPECT_TRUE(await([&] { return data.ends_with("{\"type\":\"MODIFIED\"}\n"); }));
  writer.end();
  EXPECT_TRUE(await([&] { return ended; }));
}

TEST_F(AggregationTest, SurvivesHostileBackends) {
  std::atomic<int> mode{0};
  Backend backend([&](net::Request, net::ResponseWriter writer) {
    if (mode == 0) return writer.abort();
    writer.begin(200, {});
    writer.write(std::string("half"));
    if (mode == 1) return writer.abort();
    for (int i = 0; i < 64; ++i) writer.write(std::string(1 << 20, 'x'));
    writer.end();
  });
  register_at(backend.port());
  ASSERT_TRUE(becomes("Passed"));
  ASSERT_EQ(through("/apis/wardle.example.com/v1alpha1").status, 200);
  EXPECT_EQ(send("GET", flunders_).status, 503);
  mode = 1;
  net::ClientRequest request;
  request.target = flunders_;
  request.timeout = 10s;
  const auto broken = client_->send(std::move(request));
  // Whether the beginning came through or not: half an answer is never taken for a whole one.
  if (broken.ok()) {
    EXPECT_EQ(broken->status, 503);
  } else {
    EXPECT_NE(broken.error().code, Code::deadline_exceeded);
  }
  mode = 2;
  EXPECT_EQ(send("GET", flunders_).body.size(), 4u + (64u << 20));
  EXPECT_EQ(send("GET", "/api/v1/namespaces/default").status, 200);
}

}  // namespace
}  // namespace plumb::apiserver::test
