#include <gtest/gtest.h>

#include "harness/base/encoding.h"
#include "harness/net/crypto.h"
#include "reference/api/codec/protobuf.h"
#include "reference/api/types/corev1.h"
#include "reference/apiserver/http/path.h"
#include "reference/apiserver/http/serving_test.h"

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

TEST_F(Serving, SubresourcesChangeTheirPartOnly) {
  const net::Headers merge{{"content-type", "application/merge-patch+json"}};
  const std::string pod = "/api/v1/namespaces/default/pods/p";
  ASSERT_EQ(send("POST", "/api/v1/namespaces/default/pods",
                 R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"100m"}}}]}})").status, 201);
  const api::Doc debugged = json(send("PATCH", pod + "/ephemeralcontainers", R"({"metadata":{"labels":{"a":"b"}},"spec":{"nodeName":"n","ephemeralContainers":[{"name":"e","image":"i"}]}})", merge));
  EXPECT_EQ(debugged["spec"]["ephemeralContainers"].items()[0]["name"].as_string(), "e") << debugged.to_json();
  EXPECT_TRUE(debugged["spec"]["nodeName"].is_null());
  EXPECT_TRUE(debugged["metadata"]["labels"].is_null());
  EXPECT_EQ(send("PATCH", pod + "/ephemeralcontainers", R"({"spec":{"ephemeralContainers":null}})", merge).status, 422);
  const api::Doc resized = json(send("PATCH", pod + "/resize", R"({"spec":{"containers":[{"name":"c","image":"other","resources":{"requests":{"cpu":"200m"}}}]}})", merge));
  EXPECT_EQ(resized["spec"]["containers"].items()[0]["resources"]["requests"]["cpu"].as_string(), "200m") << resized.to_json();
  EXPECT_EQ(resized["spec"]["containers"].items()[0]["image"].as_string(), "i");
  EXPECT_EQ(send("PATCH", pod + "/resize", R"({"spec":{"containers":[{"name":"c","resources":{"requests":null}}]}})", merge).status, 422);

  ASSERT_EQ(send("POST", "/api/v1/namespaces", R"({"metadata":{"name":"n"}})").status, 201);
  const api::Doc finalized = json(send("PUT", "/api/v1/namespaces/n/finalize", R"({"metadata":{"name":"n"},"spec":{"finalizers":["example.com/mine"]},"status":{"phase":"Terminating"}})"));
  EXPECT_EQ(finalized["spec"]["finalizers"].items()[0].as_string(), "example.com/mine") << finalized.to_json();
  EXPECT_EQ(finalized["status"]["phase"].as_string(), "Active");

  const std::string requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  net::CertificateRequest subject;
  subject.common_name = "somebody";
  const std::string asked = base64_encode(*net::make_signing_request(*net::generate_ec_key(), subject));
  ASSERT_EQ(send("POST", requests, R"({"metadata":{"name":"r"},"spec":{"request":")" + asked + R"(","signerName":"example.com/s","usages":["client auth"]}})").status, 201);
  const api::Doc approved = json(send("PATCH", requests + "/r/approval", R"({"spec":{"signerName":"example.com/other"},"status":{"certificate":"YQ==","conditions":[{"type":"Approved","status":"True"}]}})", merge));
  EXPECT_EQ(approved["status"]["conditions"].items()[0]["type"].as_string(), "Approved") << approved.to_json();
  EXPECT_EQ(approved["spec"]["signerName"].as_string(), "example.com/s");
  EXPECT_TRUE(approved["status"]["certificate"].is_null());
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
