#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

constexpr const char* resource_name = "apiservices.apiregistration.k8s.io";

std::string service(const std::string& spec, const std::string& name = "v1.example.org") {
  return R"({"metadata":{"name":")" + name + R"("},"spec":{"group":"example.org","version":"v1","groupPriorityMinimum":100,"versionPriority":10)" + spec + "}}";
}

TEST(ApiservicesTest, Defaults) {
  expect_defaults(resource_name, service(R"(,"service":{"namespace":"a","name":"b"})"), {{"/spec/service/port", "443"}});
  expect_defaults(resource_name, service(""), {{"/spec/service", ""}});
}

TEST(ApiservicesTest, Rules) {
  EXPECT_EQ(causes(resource_name, service("")), Lines());
  EXPECT_EQ(causes(resource_name, service(R"(,"service":{"namespace":"a","name":"b"},"insecureSkipTLSVerify":true)")), Lines());
  EXPECT_EQ(causes(resource_name, R"({"metadata":{"name":"v1."},"spec":{"version":"v1","groupPriorityMinimum":100,"versionPriority":10}})"), Lines());
  EXPECT_EQ(causes(resource_name, service("", "v2.example.org")),
            Lines({R"(metadata.name: Invalid value: "v2.example.org": must be `spec.version+"."+spec.group`: "v1.example.org")"}));
  EXPECT_EQ(causes(resource_name, R"({"metadata":{"name":"v2."},"spec":{"version":"v2","groupPriorityMinimum":100,"versionPriority":10}})"),
            Lines({"spec.group: Required value: only v1 may have an empty group and it better be legacy kube"}));
  EXPECT_EQ(causes(resource_name, R"({"metadata":{"name":"v1.example.org"},"spec":{"group":"example.org","version":"v1","groupPriorityMinimum":20001}})"),
            Lines({"spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000",
                   "spec.versionPriority: Invalid value: 0: must be positive and less than 1000"}));
  EXPECT_EQ(causes(resource_name, service(R"(,"caBundle":"YQ==","insecureSkipTLSVerify":true)")),
            Lines({R"(spec.caBundle: Invalid value: "1 bytes": local APIServices may not have a caBundle)",
                   "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify"}));
  EXPECT_EQ(causes(resource_name, service(R"(,"service":{"port":70000},"caBundle":"YQ==","insecureSkipTLSVerify":true)")),
            Lines({"spec.service.namespace: Required value", "spec.service.name: Required value",
                   "spec.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive",
                   "spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present"}));
}

TEST(ApiservicesTest, OnlyLocalOnesAreMadeWithAStatus) {
  const std::string status = R"({"conditions":[{"type":"Available","status":"True"}]})";
  const auto made = [&](const std::string& spec) {
    std::string json = service(spec);
    json.insert(json.size() - 1, R"(,"status":)" + status);
    const auto object_made = object(resource_name, json);
    resource(resource_name).prepare_for_create(*object_made);
    return at(*object_made, "/status/conditions/0/status");
  };
  EXPECT_EQ(made(""), "\"True\"");
  EXPECT_EQ(made(R"(,"service":{"namespace":"a","name":"b"})"), "");
}

TEST(ApiservicesTest, Columns) {
  const auto row = [](const std::string& json) { return cells(resource_name, json, time("2026-01-01T00:01:00Z")); };
  const std::string named = R"({"metadata":{"name":"v1.a","creationTimestamp":"2026-01-01T00:00:00Z"},"spec":)";
  EXPECT_EQ(row(named + R"({},"status":{"conditions":[{"type":"Available","status":"True","reason":"Local"}]}})"), Lines({"v1.a", "Local", "True", "60s"}));
  const std::string remote = named + R"({"service":{"namespace":"n","name":"s"}})";
  EXPECT_EQ(row(remote + "}"), Lines({"v1.a", "n/s", "Unknown", "60s"}));
  EXPECT_EQ(row(remote + R"(,"status":{"conditions":[{"type":"Available","status":"False","reason":"MissingEndpoints"}]}})"),
            Lines({"v1.a", "n/s", "False (MissingEndpoints)", "60s"}));
}

}  // namespace
}  // namespace plumb::resources::testing
