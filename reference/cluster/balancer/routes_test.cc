#include "reference/cluster/balancer/routes.h"

#include <gtest/gtest.h>

#include "reference/api/codec/json.h"

namespace plumb::cluster {
namespace {

template <class T>
std::shared_ptr<const T> read(const std::string& json) {
  const auto decoded = api::decode_json(T::info(), json);
  EXPECT_TRUE(decoded.ok()) << json;
  return std::static_pointer_cast<const T>(*decoded);
}

std::shared_ptr<const corev1::Node> node(const std::string& name, const std::string& ip, const std::string& ready = "True", const std::string& labels = "{}") {
  return read<corev1::Node>(R"({"metadata":{"name":")" + name + R"(","labels":)" + labels + R"(},"status":{"conditions":[{"type":"Ready","status":")" + ready +
                            R"("}],"addresses":[{"type":"Hostname","address":")" + name + R"("},{"type":"InternalIP","address":")" + ip + R"("}]}})");
}
std::shared_ptr<const corev1::Service> service(const std::string& name, const std::string& ip, const std::string& more = "") {
  return read<corev1::Service>(R"({"metadata":{"namespace":"default","name":")" + name + R"("},"spec":{"type":"LoadBalancer")" + more +
                               R"(},"status":{"loadBalancer":{"ingress":[{"ip":")" + ip + R"("}]}}})");
}
std::shared_ptr<const discoveryv1::EndpointSlice> slice(const std::string& of, const std::string& endpoints) {
  return read<discoveryv1::EndpointSlice>(R"({"metadata":{"namespace":"default","name":"s","labels":{"kubernetes.io/service-name":")" + of + R"("}},"endpoints":[)" + endpoints + "]}");
}

const api::IpRange range = *api::IpRange::parse("10.9.254.0/24");

TEST(BalancerRoutes, LeadOverReadyNodes) {
  const BalancedObjects objects{{service("web", "10.9.254.1"), service("elsewhere", "192.0.2.1"), service("inner", "10.9.254.2", R"(,"type":"ClusterIP")")},
                                {},
                                {node("b", "10.9.255.11"), node("a", "10.9.255.10"), node("silent", "10.9.255.12", "Unknown"), node("six", "fd00::1"),
                                 node("kept-out", "10.9.255.13", "True", R"({"node.kubernetes.io/exclude-from-external-load-balancers":""})")}};
  EXPECT_EQ(balancer_routes(objects, range), (BalancerRoutes{{"10.9.254.1", {"10.9.255.10", "10.9.255.11"}}}));
  EXPECT_TRUE(balancer_routes({objects.services, {}, {}}, range).empty());
}

TEST(BalancerRoutes, OfLocalTrafficLeadWhereEndpointsAre) {
  const std::string local = R"(,"externalTrafficPolicy":"Local")";
  const std::string ending = R"({"addresses":["10.9.1.2"],"nodeName":"b","conditions":{"ready":false,"serving":true,"terminating":true}})";
  const std::vector<std::shared_ptr<const corev1::Node>> nodes = {node("a", "10.9.255.10"), node("b", "10.9.255.11")};
  struct Case {
    std::string endpoints;
    NodeAddresses wanted;
  };
  for (const Case& one : {Case{R"({"addresses":["10.9.0.2"],"nodeName":"a"},)" + ending, {"10.9.255.10"}}, Case{ending, {"10.9.255.11"}},
                          Case{R"({"addresses":["10.9.0.2"],"nodeName":"a","conditions":{"ready":false,"serving":false}})", {}}}) {
    const auto routes = balancer_routes({{service("web", "10.9.254.1", local)}, {slice("web", one.endpoints), slice("other", R"({"addresses":["10.9.1.9"],"nodeName":"b"})")}, nodes}, range);
    EXPECT_EQ(routes.count("10.9.254.1") ? routes.at("10.9.254.1") : NodeAddresses(), one.wanted) << one.endpoints;
  }
}

TEST(BalancerRoutes, ChangeOnlyWhatDiffers) {
  const BalancerRoutes now = {{"10.9.254.1", {"10.9.255.10"}}, {"10.9.254.2", {"10.9.255.10"}}, {"10.9.254.3", {}}};
  const BalancerRoutes wanted = {{"10.9.254.2", {"10.9.255.10"}}, {"10.9.254.3", {"10.9.255.11"}}, {"10.9.254.4", {"10.9.255.10", "10.9.255.11"}}};
  EXPECT_EQ(route_changes(now, wanted, "br"),
            "route del 10.9.254.1/32 proto 143\n"
            "route replace 10.9.254.3/32 proto 143 via 10.9.255.11 dev br\n"
            "route replace 10.9.254.4/32 proto 143 nexthop via 10.9.255.10 dev br nexthop via 10.9.255.11 dev br\n");
  EXPECT_EQ(route_changes(wanted, wanted, "br"), "");
}

}  // namespace
}  // namespace plumb::cluster
