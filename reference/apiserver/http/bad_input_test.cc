// What input gets that the API cannot take: upstream's code, reason and text, in a Status, on a connection that goes on.
#include <gtest/gtest.h>

#include "reference/api/codec/protobuf.h"
#include "reference/api/types/corev1.h"
#include "reference/apiserver/http/serving_test.h"

namespace plumb::apiserver::test {
namespace {

constexpr const char* json_type = "application/json";
constexpr const char* yaml_type = "application/yaml";
constexpr const char* protobuf_type = "application/vnd.kubernetes.protobuf";
constexpr const char* merge_type = "application/merge-patch+json";

struct Case {
  std::string method, target, body, type;
  int code;
  std::string reason;
  std::string message = {};  // a part of it
  std::string accept = {};
};

std::string nested(std::string_view open, std::string_view close, int depth) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += open;
  text += "{}";
  for (int i = 0; i < depth; ++i) text += close;
  return text;
}

class BadInput : public Serving {
 protected:
  void expect(const std::vector<Case>& cases) {
    for (const Case& each : cases) {
      net::Headers headers;
      if (!each.type.empty()) headers.add("content-type", each.type);
      if (!each.accept.empty()) headers.add("accept", each.accept);
      const net::ClientResponse response = send(each.method, each.target, each.body, headers);
      const std::string what = each.method + " " + each.target + " " + each.body.substr(0, 200);
      EXPECT_EQ(response.status, each.code) << what << "\n" << response.body;
      const api::Doc status = json(response);
      EXPECT_EQ(status["kind"].as_string(), "Status") << what;
      EXPECT_EQ(status["apiVersion"].as_string(), "v1");
      EXPECT_EQ(status["status"].as_string(), "Failure");
      EXPECT_EQ(status["reason"].as_string(), each.reason) << what << "\n" << response.body;
      EXPECT_EQ(status["code"].as_int(), each.code);
      EXPECT_NE(status["message"].as_string().find(each.message), std::string_view::npos) << what << "\n" << response.body;
    }
    EXPECT_EQ(send("GET", "/readyz").body, "ok");
  }
  const std::string named_ = base_ + "/a";
};

TEST_F(BadInput, Bodies) {
  corev1::Secret secret;
  std::string other_kind;
  api::encode_protobuf(secret, other_kind);
  expect({
      {"POST", base_, "{", json_type, 400, "BadRequest"},
      {"POST", base_, "", json_type, 400, "BadRequest"},
      {"POST", base_, "[]", json_type, 400, "BadRequest"},
      {"POST", base_, "null", json_type, 400, "BadRequest"},
      {"POST", base_, R"({"metadata":{"name":"x"}} trailing)", json_type, 400, "BadRequest"},
      {"POST", base_, "{\"metadata\":{\"name\":\"\xff\xfe\"}}", json_type, 400, "BadRequest"},
      {"POST", base_, R"({"metadata":7})", json_type, 400, "BadRequest", "json: cannot unmarshal number into Go struct field ConfigMap.metadata of type v1.ObjectMeta"},
      {"POST", base_, R"({"metadata":{"name":"x"},"immutable":"yes"})", json_type, 400, "BadRequest", "cannot unmarshal string into Go struct field"},
      {"POST", base_, R"({"metadata":{"name":"x","creationTimestamp":"yesterday"}})", json_type, 400, "BadRequest"},
      {"POST", base_, R"({"kind":7})", json_type, 400, "BadRequest"},
      {"POST", base_, R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"x"}})", json_type, 400, "BadRequest", R"(Secret in version "v1" cannot be handled as a ConfigMap)"},
      {"POST", base_, R"({"kind":"ConfigMap","apiVersion":"v2","metadata":{"name":"x"}})", json_type, 400, "BadRequest"},
      {"POST", base_, nested(R"({"a":)", "}", 100'000), json_type, 400, "BadRequest"},
      {"POST", base_, nested("[", "]", 100'000), json_type, 400, "BadRequest"},
      {"POST", base_, "a: [", yaml_type, 400, "BadRequest"},
      {"POST", base_, "a: &x [*x]", yaml_type, 400, "BadRequest"},
      {"POST", base_, nested("[", "]", 5'000), yaml_type, 400, "BadRequest"},
      {"POST", base_, std::string("k8s\0\xff\xff\xff", 7), protobuf_type, 400, "BadRequest"},
      {"POST", base_, std::string("k8s\0", 4), protobuf_type, 400, "BadRequest", "empty body"},
      {"POST", base_, "junk", protobuf_type, 400, "BadRequest", "expected prefix [107 56 115 0]"},
      {"POST", base_, other_kind, protobuf_type, 400, "BadRequest"},
      {"POST", base_, "<a/>", "application/xml", 415, "UnsupportedMediaType", "the body of the request was in an unknown format - accepted media types include: application/json"},
      {"POST", base_, "{}", "*/*", 415, "UnsupportedMediaType"},
  });
}

TEST_F(BadInput, TooLargeBodiesAre413) {
  const std::string large(4 << 20, 'x');
  expect({
      {"POST", base_, R"({"metadata":{"name":"big"},"data":{"a":")" + large + R"("}})", json_type, 413, "RequestEntityTooLarge",
       "Request entity too large: limit is 3145728"},
      {"PATCH", named_, R"({"data":{"a":")" + large + R"("}})", merge_type, 413, "RequestEntityTooLarge"},
      {"DELETE", named_, "{" + std::string(4 << 20, ' ') + "}", json_type, 413, "RequestEntityTooLarge"},
      // Within the limit of requests, beyond that of the store.
      {"POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles",
       R"({"metadata":{"name":"big"},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["pods"],"resourceNames":[")" + large.substr(0, 2 << 20) + R"("]}]})", json_type, 413,
       "RequestEntityTooLarge"},
  });
}

TEST_F(BadInput, NamesAndMetadata) {
  make("a");
  expect({
      {"POST", base_, R"({"metadata":{"name":"A b"}})", json_type, 422, "Invalid", R"(ConfigMap "A b" is invalid: metadata.name: Invalid value: "A b")"},
      {"POST", base_, R"({"metadata":{}})", json_type, 422, "Invalid", "name or generateName is required"},
      {"POST", base_, R"({"metadata":{"name":")" + std::string(300, 'n') + R"("}})", json_type, 422, "Invalid"},
      {"POST", base_, R"({"metadata":{"name":"x","labels":{"-a":"b"}}})", json_type, 422, "Invalid", "metadata.labels"},
      {"POST", base_, R"({"metadata":{"name":"x","labels":{"a":"b c"}}})", json_type, 422, "Invalid", "metadata.labels"},
      {"POST", base_, R"({"metadata":{"name":"x","annotations":{"/":"b"}}})", json_type, 422, "Invalid", "metadata.annotations"},
      {"POST", base_, R"({"metadata":{"name":"x","annotations":{"a":")" + std::string(257 << 10, 'x') + R"("}}})", json_type, 422, "Invalid", "Too long: may not be more than 262144 bytes"},
      {"POST", base_, R"({"metadata":{"name":"x","ownerReferences":[{}]}})", json_type, 422, "Invalid", "metadata.ownerReferences"},
      {"POST", base_, R"({"metadata":{"name":"x","finalizers":["!"]}})", json_type, 422, "Invalid", "metadata.finalizers"},
      {"POST", base_, R"({"metadata":{"name":"x","namespace":"other"}})", json_type, 400, "BadRequest",
       "the namespace of the provided object does not match the namespace sent on the request"},
      {"POST", base_, R"({"metadata":{"name":"x","resourceVersion":"5"}})", json_type, 500, "InternalError", "resourceVersion should not be set on objects to be created"},
      {"POST", base_, R"({"metadata":{"name":"a"}})", json_type, 409, "AlreadyExists", R"(configmaps "a" already exists)"},
      {"POST", "/api/v1/namespaces/nowhere/configmaps", R"({"metadata":{"name":"s"}})", json_type, 404, "NotFound", R"(namespaces "nowhere" not found)"},
      {"PUT", named_, R"({"metadata":{"name":"b"}})", json_type, 400, "BadRequest", "the name of the object (b) does not match the name on the URL (a)"},
      {"PUT", named_, R"({"metadata":{}})", json_type, 400, "BadRequest", "the name of the object (a based on URL) was undeterminable: name must be provided"},
      {"PUT", named_, R"({"metadata":{"name":"a","namespace":"other"}})", json_type, 400, "BadRequest",
       "the namespace of the object (other) does not match the namespace on the request (default)"},
      {"PUT", named_, R"({"metadata":{"name":"a","resourceVersion":"1"}})", json_type, 409, "Conflict",
       R"(Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again)"},
      {"PUT", named_, R"({"metadata":{"name":"a","uid":"another"}})", json_type, 409, "Conflict", "Precondition failed: UID in precondition: another"},
      {"PUT", base_ + "/missing", R"({"metadata":{"name":"missing"}})", json_type, 404, "NotFound", R"(configmaps "missing" not found)"},
      {"GET", base_ + "/missing", "", "", 404, "NotFound", R"(configmaps "missing" not found)"},
      {"DELETE", base_ + "/missing", "", "", 404, "NotFound"},
      {"GET", base_ + "/a%2Fb", "", "", 404, "NotFound"},
      {"GET", base_ + "/%zz", "", "", 400, "BadRequest"},
  });
  // Objects without a namespace lose what they name.
  const net::ClientResponse made = send("POST", "/api/v1/namespaces", R"({"metadata":{"name":"n","namespace":"default"}})");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_TRUE(json(made)["metadata"]["namespace"].is_null());
}

TEST_F(BadInput, Patches) {
  make("a");
  std::string many = "[";
  for (int i = 0; i < 10'001; ++i) many += R"({"op":"add","path":"/data/a","value":"x"},)";
  many.back() = ']';
  const std::string json_patch = "application/json-patch+json", strategic = "application/strategic-merge-patch+json";
  expect({
      {"PATCH", named_, "{}", json_type, 415, "UnsupportedMediaType", "application/json-patch+json"},
      {"PATCH", named_, "[]", "application/apply-patch+yaml", 415, "UnsupportedMediaType"},
      {"PATCH", named_, "[", json_patch, 400, "BadRequest"},
      {"PATCH", named_, "{}", json_patch, 400, "BadRequest"},
      {"PATCH", named_, R"([{"op":"fly","path":"/data/a"}])", json_patch, 422, "Invalid"},
      {"PATCH", named_, R"([{"op":"test","path":"/data/a","value":"x"}])", json_patch, 422, "Invalid"},
      {"PATCH", named_, R"([{"op":"remove","path":"/data/none"}])", json_patch, 422, "Invalid"},
      {"PATCH", named_, R"([{"op":"replace","path":"/metadata/name","value":"b"}])", json_patch, 400, "BadRequest", "does not match the name on the URL"},
      {"PATCH", named_, many, json_patch, 413, "RequestEntityTooLarge", "The allowed maximum operations in a JSON patch is 10000, got 10001"},
      {"PATCH", named_, "{", merge_type, 400, "BadRequest"},
      {"PATCH", named_, "[]", merge_type, 400, "BadRequest"},
      {"PATCH", named_, R"({"data":7})", merge_type, 422, "Invalid"},
      {"PATCH", named_, R"({"metadata":{"name":null}})", merge_type, 400, "BadRequest", "name must be provided"},
      {"PATCH", named_, R"({"metadata":{"namespace":"other"}})", merge_type, 400, "BadRequest", "does not match the namespace on the request (default)"},
      {"PATCH", named_, R"({"metadata":{"resourceVersion":"1"},"data":{"a":"z"}})", merge_type, 409, "Conflict"},
      {"PATCH", named_ + "?force=true", "{}", merge_type, 422, "Invalid", "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch"},
      {"PATCH", named_, R"({"$patch":"fly"})", strategic, 400, "BadRequest"},
      {"PATCH", named_, nested(R"({"a":)", "}", 2'000), merge_type, 400, "BadRequest"},
      {"PATCH", base_ + "/missing", "{}", merge_type, 404, "NotFound"},
      {"PATCH", base_, "{}", merge_type, 405, "MethodNotAllowed"},
  });
}

TEST_F(BadInput, QueryParameters) {
  make("a");
  const std::string watch = base_ + "?watch=1";
  expect({
      {"GET", base_ + "?labelSelector=a%20in%20(", "", "", 400, "BadRequest", "unable to parse requirement"},
      {"GET", base_ + "?fieldSelector=spec.x=1", "", "", 400, "BadRequest", R"("spec.x" is not a known field selector: only "metadata.name", "metadata.namespace")"},
      {"GET", "/api/v1/pods?fieldSelector=spec.x=1", "", "", 400, "BadRequest", "field label not supported: spec.x"},
      {"GET", base_ + "?fieldSelector=x", "", "", 400, "BadRequest", "invalid selector: 'x'; can't understand 'x'"},
      {"GET", base_ + "?limit=ten", "", "", 400, "BadRequest", R"(strconv.ParseInt: parsing "ten": invalid syntax)"},
      {"GET", base_ + "?timeoutSeconds=x", "", "", 400, "BadRequest", R"(strconv.ParseInt: parsing "x": invalid syntax)"},
      {"GET", watch + "&timeoutSeconds=x", "", "", 400, "BadRequest", R"(strconv.ParseInt: parsing "x": invalid syntax)"},
      {"GET", base_ + "?continue=%21", "", "", 400, "BadRequest", "invalid continue token: continue key is not valid"},
      {"GET", base_ + "?continue=e30", "", "", 400, "BadRequest", "server does not recognize this encoded version"},
      {"GET", base_ + "?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0&resourceVersion=5", "", "", 400, "BadRequest",
       "specifying resource version is not allowed when using continue"},
      {"GET", base_ + "?resourceVersion=abc", "", "", 400, "BadRequest", R"(invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax)"},
      {"GET", named_ + "?resourceVersion=-1", "", "", 400, "BadRequest"},
      {"GET", base_ + "?resourceVersion=1000000", "", "", 504, "Timeout", "Too large resource version: 1000000"},
      {"GET", base_ + "?resourceVersionMatch=Exact", "", "", 422, "Invalid", "resourceVersionMatch is forbidden unless resourceVersion is provided"},
      {"GET", base_ + "?resourceVersionMatch=Perhaps&resourceVersion=1", "", "", 422, "Invalid", "Unsupported value: \"Perhaps\""},
      {"GET", base_ + "?resourceVersionMatch=Exact&resourceVersion=0", "", "", 422, "Invalid", R"(resourceVersionMatch "exact" is forbidden for resourceVersion "0")"},
      {"GET", base_ + "?sendInitialEvents=true", "", "", 422, "Invalid", "sendInitialEvents is forbidden for list"},
      {"GET", watch + "&resourceVersion=abc", "", "", 400, "BadRequest", "resourceVersion: Invalid value: \"abc\""},
      {"GET", watch + "&sendInitialEvents=true", "", "", 422, "Invalid", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"},
      {"GET", watch + "&resourceVersionMatch=NotOlderThan", "", "", 422, "Invalid"},
      {"GET", "/api/v1/watch/namespaces/default/configmaps/a?fieldSelector=metadata.name%3Db", "", "", 400, "BadRequest", "fieldSelector metadata.name doesn't match requested name"},
      {"POST", base_ + "?fieldValidation=Perhaps", R"({"metadata":{"name":"s"}})", json_type, 422, "Invalid", "CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation"},
      {"POST", base_ + "?dryRun=Some", R"({"metadata":{"name":"s"}})", json_type, 422, "Invalid", "dryRun: Unsupported value: \"Some\": supported values: \"All\""},
      {"PUT", named_ + "?dryRun=Some", R"({"metadata":{"name":"a"}})", json_type, 422, "Invalid", "UpdateOptions.meta.k8s.io"},
      {"POST", base_ + "?fieldManager=" + std::string(129, 'm'), R"({"metadata":{"name":"s"}})", json_type, 422, "Invalid", "fieldManager: Too long: may not be more than 128 bytes"},
      {"POST", base_ + "?fieldManager=%01", R"({"metadata":{"name":"s"}})", json_type, 422, "Invalid", R"(fieldManager: Invalid value: "\x01": invalid character U+0001 (at position 0))"},
  });
  EXPECT_EQ(send("GET", base_ + "?limit=-1").status, 200);  // as upstream: no limit
}

TEST_F(BadInput, DeleteOptions) {
  make("a");
  expect({
      {"DELETE", named_, "{", json_type, 400, "BadRequest"},
      {"DELETE", named_, R"({"gracePeriodSeconds":"now"})", json_type, 400, "BadRequest"},
      {"DELETE", named_, R"({"kind":"Pod","apiVersion":"v1"})", json_type, 400, "BadRequest", "decoded object cannot be converted to DeleteOptions"},
      {"DELETE", named_, "x", "text/plain", 415, "UnsupportedMediaType"},
      {"DELETE", named_, R"({"propagationPolicy":"Sideways"})", json_type, 422, "Invalid", "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value"},
      {"DELETE", named_, R"({"propagationPolicy":"Orphan","orphanDependents":true})", json_type, 422, "Invalid", "cannot be both set"},
      {"DELETE", named_, R"({"dryRun":["Some"]})", json_type, 422, "Invalid", "dryRun"},
      {"DELETE", named_, R"({"preconditions":{"uid":"another"}})", json_type, 409, "Conflict", R"(Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (another) does not match the UID in record ()"},
      {"DELETE", named_, R"({"preconditions":{"resourceVersion":"1"}})", json_type, 409, "Conflict", "the ResourceVersion in the precondition (1) does not match the ResourceVersion in record ("},
      {"DELETE", named_ + "?gracePeriodSeconds=soon", "", "", 400, "BadRequest", R"(strconv.ParseInt: parsing "soon": invalid syntax)"},
      {"DELETE", named_ + "?propagationPolicy=Sideways", "", "", 422, "Invalid"},
      {"DELETE", named_ + "?dryRun=Some", "", "", 422, "Invalid", "DeleteOptions.meta.k8s.io"},
      {"DELETE", base_ + "?labelSelector=a%20in%20(", "", "", 400, "BadRequest"},
      {"DELETE", base_, R"({"propagationPolicy":"Sideways"})", json_type, 422, "Invalid"},
  });
  EXPECT_EQ(send("GET", named_).status, 200);
  EXPECT_EQ(send("DELETE", named_, R"({"dryRun":["All"]})").status, 200);
  EXPECT_EQ(send("GET", named_).status, 200);
}

TEST_F(BadInput, PathsMethodsAndForms) {
  make("a");
  const std::string table = ";as=Table;v=v1;g=meta.k8s.io";
  expect({
      {"GET", "/nothing", "", "", 404, "NotFound", "the server could not find the requested resource"},
      {"GET", "/apis/nobody.example/v1/widgets", "", "", 404, "NotFound"},
      {"GET", "/apis/apps/v1/widgets", "", "", 404, "NotFound"},
      {"GET", "/apis/apps/v9/deployments", "", "", 404, "NotFound"},
      {"GET", named_ + "/nothing", "", "", 404, "NotFound"},
      {"GET", "/api/v1/namespaces/default/nodes", "", "", 404, "NotFound"},
      {"GET", "/api/v1/configmaps/a", "", "", 404, "NotFound"},
      {"GET", "/api/v1/configmaps/default%2Fa", "", "", 404, "NotFound"},
      {"POST", "/api/v1/configmaps", R"({"metadata":{"name":"x","namespace":"default"}})", json_type, 405, "MethodNotAllowed"},
      {"DELETE", "/api/v1/configmaps", "", "", 405, "MethodNotAllowed"},
      {"PUT", base_, R"({"metadata":{"name":"a"}})", json_type, 405, "MethodNotAllowed", "the server does not allow this method on the requested resource"},
      {"POST", named_, R"({"metadata":{"name":"a"}})", json_type, 405, "MethodNotAllowed"},
      {"DELETE", "/api/v1/namespaces", "", "", 405, "MethodNotAllowed"},
      {"GET", "/apis/authorization.k8s.io/v1/subjectaccessreviews", "", "", 405, "MethodNotAllowed"},
      {"GET", "/api/v1/namespaces/default/finalize", "", "", 405, "MethodNotAllowed"},
      {"OPTIONS", named_, "", "", 405, "MethodNotAllowed"},
      {"GET", base_, "", "", 406, "NotAcceptable", "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf", "text/html"},
      {"GET", base_, "", "", 406, "NotAcceptable", "", protobuf_type + table},
      {"GET", base_, "", "", 406, "NotAcceptable", "", "application/json;as=Chair;v=v1;g=meta.k8s.io"},
  });
  const net::ClientResponse no_stream = send("GET", base_ + "?watch=1", {}, {{"accept", yaml_type}});
  EXPECT_EQ(no_stream.status, 406);
  EXPECT_NE(no_stream.body.find("application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"), std::string::npos) << no_stream.body;
  EXPECT_EQ(send("GET", named_).status, 200);
}

TEST_F(BadInput, UnknownAndDuplicateFields) {
  make("a");
  struct Write {
    std::string method, target, body, type;
  };
  const std::string unknown = R"({"metadata":{"name":"a","nmae":"b"},"data":{"a":"b","a":"c"},"dat":{}})";
  const Write writes[] = {
      {"POST", base_, R"({"metadata":{"generateName":"a","nmae":"b"},"data":{"a":"b","a":"c"},"dat":{}})", json_type},
      {"PUT", named_, unknown, json_type},
      {"PATCH", named_, R"({"metadata":{"nmae":"b"},"dat":{}})", merge_type},
      {"PUT", named_, "metadata: {name: a, nmae: b}\ndat: {}\n", yaml_type},
  };
  for (const Write& each : writes) {
    const net::Headers headers{{"content-type", each.type}};
    const auto with = [&](std::string_view how) { return each.target + "?fieldValidation=" + std::string(how); };
    const net::ClientResponse ignored = send(each.method, with("Ignore"), each.body, headers);
    EXPECT_LT(ignored.status, 300) << ignored.body;
    EXPECT_FALSE(ignored.headers.has("warning"));
    for (const std::string& target : {with("Warn"), each.target}) {
      const net::ClientResponse warned = send(each.method, target, each.body, headers);
      EXPECT_LT(warned.status, 300) << warned.body;
      std::vector<std::string> warnings;
      for (const auto& [name, value] : warned.headers)
        if (net::same_name(name, "warning")) warnings.push_back(value);
      EXPECT_NE(std::find(warnings.begin(), warnings.end(), "299 - \"unknown field \\\"metadata.nmae\\\"\""), warnings.end()) << each.method << " " << each.type;
      EXPECT_NE(std::find(warnings.begin(), warnings.end(), "299 - \"unknown field \\\"dat\\\"\""), warnings.end());
      const bool repeats = each.body.find(R"("a":"c")") != std::string::npos;
      EXPECT_EQ(warnings.size(), repeats ? 3u : 2u);
    }
    const net::ClientResponse refused = send(each.method, with("Strict"), each.body, headers);
    EXPECT_EQ(refused.status, 400);
    EXPECT_NE(refused.body.find("strict decoding error: unknown field"), std::string::npos) << refused.body;
    EXPECT_NE(refused.body.find("unknown field \\\"metadata.nmae\\\""), std::string::npos) << refused.body;
  }
}

TEST_F(BadInput, AContinueTokenThatOutlivedCompactionIs410AndOffersAnother) {
  for (const char* name : {"a", "b", "c"}) make(name);
  const api::Doc page = json(send("GET", base_ + "?limit=1"));
  const std::string token(page["metadata"]["continue"].as_string());
  make("d");
  ASSERT_TRUE(store_->compact(*store_->current_revision()).ok());
  const net::ClientResponse gone = send("GET", base_ + "?limit=1&continue=" + token);
  EXPECT_EQ(gone.status, 410) << gone.body;
  const api::Doc status = json(gone);
  EXPECT_EQ(status["reason"].as_string(), "Expired");
  const std::string another(status["metadata"]["continue"].as_string());
  ASSERT_FALSE(another.empty());
  EXPECT_EQ(json(send("GET", base_ + "?continue=" + another))["items"].size(), 3u);
  EXPECT_EQ(send("GET", base_ + "?resourceVersion=1&resourceVersionMatch=Exact").status, 410);
}

}  // namespace
}  // namespace plumb::apiserver::test
