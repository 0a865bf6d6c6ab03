#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

constexpr const char* ingresses = "ingresses.networking.k8s.io";
constexpr const char* classes = "ingressclasses.networking.k8s.io";
constexpr const char* back = R"({"service":{"name":"s","port":{"number":80}}})";

std::string ingress(const std::string& spec, const std::string& metadata = "") { return R"({"metadata":{"name":"i")" + metadata + R"(},"spec":{)" + spec + "}}"; }
std::string rule(const std::string& host, const std::string& path) {
  return ingress(R"("rules":[{"host":")" + host + R"(","http":{"paths":[)" + path + "]}}]");
}
std::string path(const std::string& text, const std::string& type = "Prefix", const std::string& backend = back) {
  return R"({"path":")" + text + R"(","pathType":")" + type + R"(","backend":)" + backend + "}";
}
std::string backed_by(const std::string& backend) { return ingress("\"defaultBackend\":" + backend); }

TEST(Ingresses, AreChecked) {
  const std::vector<std::pair<std::string, Lines>> table = {
      {backed_by(back), {}},
      {rule("a.example.com", path("/x")), {}},
      {rule("*.example.com", path("", "ImplementationSpecific")), {}},
      {backed_by(R"({"resource":{"apiGroup":"example.com","kind":"Bucket","name":"b"}})"), {}},
      {ingress(""), {"spec: Invalid value: []: either `defaultBackend` or `rules` must be specified"}},
      {backed_by("{}"), {"spec.defaultBackend: Invalid value: \"\": resource or service backend is required"}},
      {backed_by(R"({"service":{"name":"s","port":{"number":80}},"resource":{"kind":"B","name":"b"}})"),
       {"spec.defaultBackend: Invalid value: \"\": cannot set both resource and service backends"}},
      {backed_by(R"({"resource":{"kind":"","name":"a/b"}})"),
       {"spec.defaultBackend.resource.kind: Required value", "spec.defaultBackend.resource.name: Invalid value: \"a/b\": may not contain '/'"}},
      {backed_by(R"({"service":{"name":"","port":{}}})"),
       {"spec.defaultBackend.service.name: Required value", "spec.defaultBackend: Required value: port name or number is required"}},
      {backed_by(R"({"service":{"name":"s","port":{"number":80,"name":"http"}}})"), {"spec.defaultBackend: Invalid value: \"\": cannot set both port name & port number"}},
      {backed_by(R"({"service":{"name":"1s","port":{"number":70000}}})"),
       {"spec.defaultBackend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive"}},
      {rule("192.0.2.1", path("/")), {"spec.rules[0].host: Invalid value: \"192.0.2.1\": must be a DNS name, not an IP address"}},
      {rule("a", ""), {"spec.rules[0].http.paths: Required value"}},
      {rule("a", path("x")), {"spec.rules[0].http.paths[0].path: Invalid value: \"x\": must be an absolute path"}},
      {rule("a", path("/a//b", "Exact")), {"spec.rules[0].http.paths[0].path: Invalid value: \"/a//b\": must not contain '//'"}},
      {rule("a", path("/a/..", "Exact")), {"spec.rules[0].http.paths[0].path: Invalid value: \"/a/..\": cannot end with '/..'"}},
      {rule("a", path("/a//b", "ImplementationSpecific")), {}},
      {rule("a", path("x", "ImplementationSpecific")), {"spec.rules[0].http.paths[0].path: Invalid value: \"x\": must be an absolute path"}},
      {rule("a", path("/", "Regex")), {"spec.rules[0].http.paths[0].pathType: Unsupported value: \"Regex\": supported values: \"Exact\", \"ImplementationSpecific\", \"Prefix\""}},
      {rule("a", R"({"backend":)" + std::string(back) + "}"), {"spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"}},
      {ingress(std::string("\"defaultBackend\":") + back + R"(,"ingressClassName":"c")", R"(,"annotations":{"kubernetes.io/ingress.class":"d"})"),
       {"annotations.kubernetes.io/ingress.class: Invalid value: \"d\": must match `ingressClassName` when both are specified"}},
  };
  for (const auto& [json, expected] : table) EXPECT_EQ(create_causes(ingresses, json), expected) << json;
  EXPECT_EQ(create_causes(ingresses, ingress(std::string("\"defaultBackend\":") + back + R"(,"tls":[{"hosts":["*.a","b_"],"secretName":"S"}],"ingressClassName":"C")")).size(), 3u);
}

TEST(Ingresses, KeepWhatWasWrongOnce) {
  const std::string secret = ingress(std::string("\"defaultBackend\":") + back + R"(,"tls":[{"secretName":"S"}])"), good = backed_by(back);
  EXPECT_EQ(update_causes(ingresses, secret, secret), Lines{});
  EXPECT_EQ(update_causes(ingresses, good, secret).size(), 1u);
  const std::string wildcard = rule("*.a.example.com", path("x"));
  EXPECT_EQ(update_causes(ingresses, wildcard, wildcard), Lines{});
  EXPECT_EQ(update_causes(ingresses, good, wildcard).size(), 1u);
}

TEST(Ingresses, SayWhereTheyAreReached) {
  const auto reached = [](const std::string& at) { return R"({"metadata":{"name":"i"},"status":{"loadBalancer":{"ingress":[{)" + at + "}]}}}"; };
  EXPECT_EQ(status_causes(ingresses, "{}", reached(R"("ip":"192.0.2.1","hostname":"a.b")")), Lines{});
  EXPECT_EQ(status_causes(ingresses, "{}", reached(R"("ip":"here")")).size(), 1u);
  EXPECT_EQ(status_causes(ingresses, reached(R"("ip":"here")"), reached(R"("ip":"here")")), Lines{});
  EXPECT_EQ(status_causes(ingresses, "{}", reached(R"("hostname":"192.0.2.1")")), Lines{"status.loadBalancer.ingress[0].hostname: Invalid value: \"192.0.2.1\": must be a DNS name, not an IP address"});
}

TEST(IngressClasses, AreChecked) {
  const auto of = [](const std::string& spec) { return R"({"metadata":{"name":"c"},"spec":{)" + spec + "}}"; };
  const auto with = [&](const std::string& parameters) { return of(R"("controller":"example.com/c","parameters":{)" + parameters + "}"); };
  const std::vector<std::pair<std::string, Lines>> table = {
      {of(R"("controller":"example.com/c/d")"), {}},
      {of(""), {"spec.controller: Required value"}},
      {of(R"("controller":"c")"), {"spec.controller: Invalid value: \"c\": must be a domain-prefixed path (such as \"acme.io/foo\")"}},
      {of(R"("controller":"example.com/c d")"), {"spec.controller: Invalid value: \"c d\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"}},
      {with(R"("kind":"K","name":"n")"), {}},
      {with(R"("kind":"K","name":"n","scope":"Namespace","namespace":"x")"), {}},
      {with(R"("kind":"K","name":"n","scope":"Namespace")"), {"spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"}},
      {with(R"("kind":"K","name":"n","namespace":"x")"), {"spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"}},
      {with(R"("kind":"","name":"","scope":"All")"),
       {"spec.parameters.kind: Required value", "spec.parameters.name: Required value", "spec.parameters.scope: Unsupported value: \"All\": supported values: \"Cluster\", \"Namespace\""}},
  };
  for (const auto& [json, expected] : table) EXPECT_EQ(causes(classes, json), expected) << json;
  EXPECT_EQ(update_causes(classes, of(R"("controller":"example.com/c")"), of(R"("controller":"example.com/d")")),
            Lines{"spec.controller: Invalid value: \"example.com/d\": field is immutable"});
}

}  // namespace
}  // namespace plumb::resources::testing
