#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

constexpr const char* network_policies = "networkpolicies.networking.k8s.io";

std::string policy(const std::string& spec) { return R"({"metadata":{"name":"p"},"spec":{"podSelector":{})" + std::string(spec.empty() ? "" : ",") + spec + "}}"; }
std::string ports(const std::string& port) { return policy(R"("ingress":[{"ports":[)" + port + "]}]"); }
std::string to(const std::string& peer) { return policy(R"("egress":[{"to":[)" + peer + "]}]"); }
std::string block(const std::string& text) { return to(R"({"ipBlock":)" + text + "}"); }

TEST(NetworkPolicies, AreChecked) {
  const std::vector<std::pair<std::string, Lines>> table = {
      {policy(""), {}},
      {ports(R"({"port":80,"endPort":90},{"port":"web"},{"protocol":"UDP"})"), {}},
      {ports(R"({"port":0})"), {"spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"}},
      {ports(R"({"port":80,"endPort":79})"), {"spec.ingress[0].ports[0].endPort: Invalid value: 79: must be greater than or equal to `port`"}},
      {ports(R"({"port":80,"endPort":70000})"), {"spec.ingress[0].ports[0].endPort: Invalid value: 70000: must be between 1 and 65535, inclusive"}},
      {ports(R"({"port":"web","endPort":90})"), {"spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is non-numeric"}},
      {ports(R"({"endPort":90})"), {"spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is not specified"}},
      {to(R"({"podSelector":{},"namespaceSelector":{}})"), {}},
      {to("{}"), {"spec.egress[0].to[0]: Required value: must specify a peer"}},
      {to(R"({"podSelector":{},"ipBlock":{"cidr":"10.0.0.0/8"}})"), {"spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer"}},
      {block(R"({"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]})"), {}},
      {block(R"({"cidr":""})"), {"spec.egress[0].to[0].ipBlock.cidr: Required value"}},
      {block(R"({"cidr":"10.0.0.0"})"),
       {"spec.egress[0].to[0].ipBlock.cidr: Invalid value: \"10.0.0.0\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"}},
      {block(R"({"cidr":"10.0.0.0/8","except":["10.0.0.0/8","192.0.2.0/24"]})"),
       {"spec.egress[0].to[0].ipBlock.except[0]: Invalid value: \"10.0.0.0/8\": must be a strict subset of `cidr`",
        "spec.egress[0].to[0].ipBlock.except[1]: Invalid value: \"192.0.2.0/24\": must be a strict subset of `cidr`"}},
      {policy(R"("policyTypes":["Ingress","Egress","Ingress"])"),
       {"spec.policyTypes: Invalid value: [\"Ingress\",\"Egress\",\"Ingress\"]: may not specify more than two policyTypes"}},
  };
  for (const auto& [json, lines] : table) EXPECT_EQ(causes(network_policies, json), lines) << json;
}

}  // namespace
}  // namespace plumb::resources::testing
