#include <gtest/gtest.h>

#include "harness/net/client.h"
#include "reference/api/codec/protobuf.h"
#include "reference/api/doc/document.h"
#include "reference/api/types/corev1.h"
#include "reference/apiserver/http/path.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver::test {
namespace {

struct PathCase {
  std::string method, path;
  std::string expected;  // verb group/version namespace resource name subresource
};

TEST(Path, IsReadAsUpstreamReadsIt) {
  const PathCase cases[] = {
      {"GET", "/api/v1/pods", "list /v1  pods  "},
      {"GET", "/api/v1/namespaces", "list /v1  namespaces  "},
      {"GET", "/api/v1/namespaces/a", "get /v1 a namespaces a "},
      {"PUT", "/api/v1/namespaces/a/finalize", "update /v1 a namespaces a finalize"},
      {"POST", "/api/v1/namespaces/a/pods", "create /v1 a pods  "},
      {"DELETE", "/api/v1/namespaces/a/pods", "deletecollection /v1 a pods  "},
      {"GET", "/apis/apps/v1/namespaces/a/deployments/d/scale", "get apps/v1 a deployments d scale"},
      {"PATCH", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode", "patch rbac.authorization.k8s.io/v1  clusterroles system:node "},
      {"GET", "/api/v1/watch/pods", "watch /v1  pods  "},
      {"GET", "/apis/apps/v1", "get"},
      {"GET", "/healthz", "get"},
  };
  for (const PathCase& each : cases) {
    const auto info = parse_path(each.method, each.path, false);
    ASSERT_TRUE(info);
    std::string text = info->verb;
    if (info->is_resource)
      text += " " + info->group + "/" + info->version + " " + info->namespace_ + " " + info->resource + " " + info->name + " " + info->subresource;
    EXPECT_EQ(text, each.expected) << each.path;
  }
  EXPECT_FALSE(parse_path("GET", "/api/v1/%zz", false));
}

class Serving : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::EmbeddedStore::open({directory_.path()}, real_clock());
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(*opened);
    ApiserverOptions options;
    options.store = store_.get();
    options.clock = &real_clock();
    options.port = 0;
    options.security = allow_all;
    options.disabled_admission = {"ServiceAccount"};
    auto started = Apiserver::start(std::move(options));
    ASSERT_TRUE(started.ok()) << started.error().message;
    server_ = std::move(*started);
    net::ClientOptions connecting;
    connecting.endpoint = {"127.0.0.1", server_->port(), ""};
    client_ = *net::HttpClient::create(connecting);
  }
  void TearDown() override {
    client_.reset();
    server_.reset();
  }

  net::ClientResponse send(std::string method, std::string target, std::string body = {}, net::Headers headers = {}) {
    net::ClientRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.headers = std::move(headers);
    if (!body.empty() && !request.headers.has("content-type")) request.headers.add("content-type", "application/json");
    request.body = std::move(body);
    request.timeout = std::chrono::seconds(20);
    auto response = client_->send(std::move(request));
    EXPECT_TRUE(response.ok()) << response.error().message;
    return response.ok() ? *response : net::ClientResponse{};
  }
  api::Doc json(const net::ClientResponse& response) {
    auto doc = api::parse_json(response.body);
    EXPECT_TRUE(doc.ok()) << response.body;
    return doc.ok() ? *doc : api::Doc();
  }
  void make(const std::string& name, const std::string& labels = "{}") {
    EXPECT_EQ(send("POST", base_, R"({"metadata":{"name":")" + name + R"(","labels":)" + labels + R"(},"data":{"a":"b"}})").status, 201);
  }

  const std::string base_ = "/api/v1/namespaces/default/configmaps";
  TemporaryDirectory directory_;
  std::unique_ptr<store::EmbeddedStore> store_;
  std::unique_ptr<Apiserver> server_;
  std::shared_ptr<net::HttpClient> client_;
};

struct BadCase {
  std::string method, target, body, type, accept;
  int code;
  std::string reason;
};

TEST_F(Serving, BadInputGetsAStatusWithUpstreamsCodeAndReason) {
  make("a");
  const std::string named = base_ + "/a";
  const BadCase cases[] = {
      {"POST", base_, "{", "application/json", "", 400, "BadRequest"},
      {"POST", base_, R"({"metadata":7})", "application/json", "", 400, "BadRequest"},
      {"POST", base_, R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"x"}})", "application/json", "", 400, "BadRequest"},
      {"POST", base_, "a: [", "application/yaml", "", 400, "BadRequest"},
      {"POST", base_, std::string("k8s\0\xff\xff\xff", 7), "application/vnd.kubernetes.protobuf", "", 400, "BadRequest"},
      {"POST", base_, "junk", "application/vnd.kubernetes.protobuf", "", 400, "BadRequest"},
      {"POST", base_, "<a/>", "application/xml", "", 415, "UnsupportedMediaType"},
      {"POST", base_, R"({"metadata":{"name":"A b"}})", "application/json", "", 422, "Invalid"},
      {"POST", base_, R"({"metadata":{"name":"a"}})", "application/json", "", 409, "AlreadyExists"},
      {"POST", base_ + "?fieldValidation=Strict", R"({"metadata":{"name":"s"},"dat":{}})", "application/json", "", 400, "BadRequest"},
      {"POST", base_ + "?fieldValidation=Perhaps", R"({"metadata":{"name":"s"}})", "application/json", "", 422, "Invalid"},
      {"POST", base_ + "?dryRun=Some", R"({"metadata":{"name":"s"}})", "application/json", "", 422, "Invalid"},
      {"POST", "/api/v1/namespaces/nowhere/configmaps", R"({"metadata":{"name":"s"}})", "application/json", "", 404, "NotFound"},
      {"PUT", named, R"({"metadata":{"name":"b"}})", "application/json", "", 400, "BadRequest"},
      {"PUT", named, R"({"metadata":{"name":"a","resourceVersion":"1"}})", "application/json", "", 409, "Conflict"},
      {"PUT", base_, R"({"metadata":{"name":"a"}})", "application/json", "", 405, "MethodNotAllowed"},
      {"PATCH", named, "[]", "application/apply-patch+yaml", "", 415, "UnsupportedMediaType"},
      {"PATCH", named, "[", "application/json-patch+json", "", 400, "BadRequest"},
      {"PATCH", named, R"([{"op":"test","path":"/data/a","value":"x"}])", "application/json-patch+json", "", 422, "Invalid"},
      {"PATCH", named, R"({"data":7})", "application/merge-patch+json", "", 422, "Invalid"},
      {"GET", base_ + "/missing", "", "", "", 404, "NotFound"},
      {"GET", base_, "", "", "text/html", 406, "NotAcceptable"},
      {"GET", base_ + "?labelSelector=a%20in%20(", "", "", "", 400, "BadRequest"},
      {"GET", base_ + "?fieldSelector=spec.x=1", "", "", "", 400, "BadRequest"},
      {"GET", base_ + "?limit=-1", "", "", "", 400, "BadRequest"},
      {"GET", base_ + "?continue=%21", "", "", "", 400, "BadRequest"},
      {"GET", base_ + "?watch=1&resourceVersion=abc", "", "", "", 422, "Invalid"},
      {"GET", base_ + "?watch=1&sendInitialEvents=true", "", "", "", 422, "Invalid"},
      {"GET", base_ + "/a/nothing", "", "", "", 404, "NotFound"},
      {"GET", "/apis/apps/v1/widgets", "", "", "", 404, "NotFound"},
      {"GET", "/nothing", "", "", "", 404, "NotFound"},
      {"OPTIONS", named, "", "", "", 405, "MethodNotAllowed"},
      {"DELETE", named, "{", "application/json", "", 400, "BadRequest"},
  };
  for (const BadCase& each : cases) {
    net::Headers headers;
    if (!each.type.empty()) headers.add("content-type", each.type);
    if (!each.accept.empty()) headers.add("accept", each.accept);
    const net::ClientResponse response = send(each.method, each.target, each.body, headers);
    EXPECT_EQ(response.status, each.code) << each.method << " " << each.target << " " << each.body << "\n" << response.body;
    const api::Doc status = json(response);
    EXPECT_EQ(status["kind"].as_string(), "Status");
    EXPECT_EQ(status["apiVersion"].as_string(), "v1");
    EXPECT_EQ(status["reason"].as_string(), each.reason) << response.body;
    EXPECT_EQ(status["code"].as_int(), each.code);
  }
}

TEST_F(Serving, AnOversizedBodyIs413) {
  const net::ClientResponse response = send("POST", base_, R"({"metadata":{"name":"big"},"data":{"a":")" + std::string(4 << 20, 'x') + R"("}})");
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(json(response)["reason"].as_string(), "RequestEntityTooLarge");
}

TEST_F(Serving, EveryEncodingGoesInAndOut) {
  EXPECT_EQ(send("POST", base_, "metadata:\n  name: from-yaml\ndata:\n  a: b\n", {{"content-type", "application/yaml"}}).status, 201);
  corev1::ConfigMap object;
  object.metadata.name = "p";
  object.data.set("a", "b");
  std::string bytes;
  api::encode_protobuf(object, bytes);
  const net::ClientResponse made = send("POST", base_, bytes, {{"content-type", "application/vnd.kubernetes.protobuf"}, {"accept", "application/vnd.kubernetes.protobuf"}});
  EXPECT_EQ(made.status, 201);
  const auto decoded = api::decode_protobuf(made.body);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ((*decoded)->metadata.name, "p");
  EXPECT_EQ(json(send("GET", base_ + "/from-yaml"))["data"]["a"].as_string(), "b");
  EXPECT_NE(send("GET", base_ + "/p", {}, {{"accept", "application/yaml"}}).body.find("data:\n  a: b\n"), std::string::npos);
  const net::ClientResponse list = send("GET", base_, {}, {{"accept", "application/vnd.kubernetes.protobuf"}});
  EXPECT_TRUE(list.body.starts_with(api::protobuf_magic));
  EXPECT_EQ(json(send("GET", base_))["items"].size(), 2u);
}

TEST_F(Serving, TablesAndMetadataAlone) {
  make("a");
  const api::Doc table = json(send("GET", base_, {}, {{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}}));
  EXPECT_EQ(table["kind"].as_string(), "Table");
  EXPECT_EQ(table["apiVersion"].as_string(), "meta.k8s.io/v1");
  EXPECT_EQ(table["columnDefinitions"].items()[0]["name"].as_string(), "Name");
  EXPECT_EQ(table["rows"].items()[0]["object"]["kind"].as_string(), "PartialObjectMetadata");
  const api::Doc partial = json(send("GET", base_, {}, {{"accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}}));
  EXPECT_EQ(partial["kind"].as_string(), "PartialObjectMetadataList");
  EXPECT_TRUE(partial["items"].items()[0]["data"].is_null());
}

TEST_F(Serving, WhatIsComputedIsInNoTable) {
  const std::string path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  const std::string table = "application/json;as=Table;v=v1;g=meta.k8s.io";
  EXPECT_EQ(send("POST", path, "{}", {{"accept", table}}).status, 406);
  EXPECT_NE(send("POST", path, "{}", {{"accept", table + ",application/json"}}).status, 406) << "the next form is taken";
}

TEST_F(Serving, UnknownFieldsWarnOrFailAsAsked) {
  const net::ClientResponse warned = send("POST", base_, R"({"metadata":{"name":"w"},"dat":{}})");
  EXPECT_EQ(warned.status, 201);
  EXPECT_EQ(warned.headers.get("warning"), "299 - \"unknown field \\\"dat\\\"\"");
  const net::ClientResponse ignored = send("POST", base_ + "?fieldValidation=Ignore", R"({"metadata":{"name":"i"},"dat":{}})");
  EXPECT_EQ(ignored.status, 201);
  EXPECT_FALSE(ignored.headers.has("warning"));
}

TEST_F(Serving, PatchesOfThreeKinds) {
  make("a");
  const std::string named = base_ + "/a";
  EXPECT_EQ(json(send("PATCH", named, R"([{"op":"add","path":"/data/c","value":"d"}])", {{"content-type", "application/json-patch+json"}}))["data"]["c"].as_string(), "d");
  EXPECT_TRUE(json(send("PATCH", named, R"({"data":{"c":null}})", {{"content-type", "application/merge-patch+json"}}))["data"]["c"].is_null());
  EXPECT_EQ(json(send("PATCH", named, R"({"metadata":{"labels":{"x":"y"}}})", {{"content-type", "application/strategic-merge-patch+json"}}))["metadata"]["labels"]["x"].as_string(), "y");
  EXPECT_EQ(send("PATCH", named, R"({"metadata":{"resourceVersion":"1"},"data":{"a":"z"}})", {{"content-type", "application/merge-patch+json"}}).status, 409);
}

TEST_F(Serving, DeletionsAnswerWithAStatus) {
  make("a");
  const api::Doc done = json(send("DELETE", base_ + "/a"));
  EXPECT_EQ(done["status"].as_string(), "Success");
  EXPECT_EQ(done["details"]["name"].as_string(), "a");
  EXPECT_EQ(done["details"]["kind"].as_string(), "configmaps");
  make("b");
  make("c");
  EXPECT_EQ(json(send("DELETE", base_))["items"].size(), 2u);
}

TEST_F(Serving, AWatchStreamsEventsInOrderAndEndsOnTime) {
  make("a", R"({"app":"x"})");
  std::string text;
  std::promise<void> ended;
  net::ClientRequest request;
  request.target = base_ + "?watch=1&resourceVersion=0&timeoutSeconds=2&labelSelector=app%3Dx";
  net::CallCallbacks callbacks;
  callbacks.on_data = [&](std::string_view data) { text += data; };
  callbacks.on_end = [&](const net::Headers&) { ended.set_value(); };
  callbacks.on_error = [&](const Error&) { ended.set_value(); };
  client_->stream(std::move(request), callbacks);
  make("b", R"({"app":"x"})");
  make("other");
  EXPECT_EQ(send("DELETE", base_ + "/a").status, 200);
  ASSERT_EQ(ended.get_future().wait_for(std::chrono::seconds(15)), std::future_status::ready);
  std::vector<std::string> types;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    const auto event = api::parse_json(std::string_view(text).substr(at, end - at));
    ASSERT_TRUE(event.ok());
    types.push_back(std::string((*event)["type"].as_string()) + " " + std::string((*event)["object"]["metadata"]["name"].as_string()));
    at = end + 1;
  }
  EXPECT_EQ(types, (std::vector<std::string>{"ADDED a", "ADDED b", "DELETED a"}));
}

TEST_F(Serving, DiscoveryAndHealth) {
  EXPECT_EQ(json(send("GET", "/version"))["gitVersion"].as_string(), "v1.37.0+plumbline");
  EXPECT_EQ(send("GET", "/readyz").body, "ok");
  EXPECT_NE(send("GET", "/readyz?verbose").body.find("[+]etcd ok\n"), std::string::npos);
  EXPECT_EQ(send("GET", "/livez/ping").body, "ok");
  EXPECT_EQ(json(send("GET", "/api"))["versions"].items()[0].as_string(), "v1");
  const api::Doc groups = json(send("GET", "/apis"));
  EXPECT_EQ(groups["kind"].as_string(), "APIGroupList");
  const api::Doc core = json(send("GET", "/api/v1"));
  EXPECT_EQ(core["kind"].as_string(), "APIResourceList");
  EXPECT_EQ(core["groupVersion"].as_string(), "v1");
  const net::ClientResponse all = send("GET", "/apis", {}, {{"accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"}});
  EXPECT_EQ(json(all)["kind"].as_string(), "APIGroupDiscoveryList");
  EXPECT_NE(send("GET", "/metrics").body.find("apiserver_request_total{"), std::string::npos);
}

}  // namespace
}  // namespace plumb::apiserver::test
