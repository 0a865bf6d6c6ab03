#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

TEST(Services, Defaults) {
  expect_defaults("services", R"({"spec":{"ports":[{"port":80}]}})",
                  {{"/spec/type", R"("ClusterIP")"}, {"/spec/sessionAffinity", R"("None")"}, {"/spec/internalTrafficPolicy", R"("Cluster")"},
                   {"/spec/ports/0/protocol", R"("TCP")"}, {"/spec/ports/0/targetPort", "80"}, {"/spec/externalTrafficPolicy", ""}});
  expect_defaults("services", R"({"spec":{"type":"LoadBalancer","sessionAffinity":"ClientIP"}})",
                  {{"/spec/externalTrafficPolicy", R"("Cluster")"}, {"/spec/allocateLoadBalancerNodePorts", "true"},
                   {"/spec/sessionAffinityConfig/clientIP/timeoutSeconds", "10800"}});
}

TEST(Services, CausesAndUpdates) {
  EXPECT_EQ(causes("services", R"({"spec":{}})"), Lines{"spec.ports: Required value"});
  EXPECT_EQ(causes("services", R"({"spec":{"clusterIP":"None","clusterIPs":["None"]}})"), Lines{});
  EXPECT_EQ(causes("services", R"({"spec":{"type":"ExternalName"}})"), Lines{"spec.externalName: Required value"});
  EXPECT_EQ(causes("services", R"({"spec":{"ports":[{"port":80},{"port":81}]}})"),
            (Lines{"spec.ports[0].name: Required value", "spec.ports[1].name: Required value"}));
  EXPECT_EQ(update_causes("services", R"({"spec":{"clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"ports":[{"port":80}]}})",
                          R"({"spec":{"clusterIP":"10.0.0.2","ports":[{"port":80}]}})"),
            Lines{R"(spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set)"});
  EXPECT_EQ(update_causes("services", R"({"spec":{"clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"ports":[{"port":80}]}})",
                          R"({"spec":{"ports":[{"port":81}]}})"), Lines{});
}

TEST(Services, Row) {
  EXPECT_EQ(cells("services", R"({"metadata":{"name":"s"},"spec":{"type":"NodePort","clusterIPs":["10.0.0.1"],"selector":{"a":"b"},
      "ports":[{"port":80,"nodePort":30000,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]}})", time("2024-01-01T00:00:00Z")),
            (Lines{"s", "NodePort", "10.0.0.1", "<none>", "80:30000/TCP,53/UDP", "<unknown>", "a=b"}));
}

TEST(Services, TypesAndTheirFields) {
  EXPECT_EQ(causes("services", R"({"spec":{"type":"ExternalName","externalName":"a.b.","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"ipFamilyPolicy":"SingleStack"}})"),
            (Lines{"spec.clusterIPs: Forbidden: may not be set for ExternalName services", "spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services"}));
  EXPECT_EQ(causes("services", R"({"spec":{"type":"NodePort","clusterIP":"None","clusterIPs":["None"],"ports":[{"port":80}]}})"),
            Lines{R"(spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services)"});
  EXPECT_EQ(causes("services", R"({"spec":{"ports":[{"port":80,"nodePort":30000}]}})"), Lines{"spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"});
  EXPECT_EQ(causes("services", R"({"spec":{"type":"LoadBalancer","ports":[{"port":10250}]}})"),
            Lines{"spec.ports[0]: Invalid value: 10250: may not expose port 10250 externally since it is used by kubelet"});
  EXPECT_EQ(causes("services", R"({"spec":{"ports":[{"port":80}],"allocateLoadBalancerNodePorts":true,"loadBalancerClass":"a/b","loadBalancerSourceRanges":["10.0.0.0/8"]}})"),
            (Lines{"spec.loadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
                   "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
                   "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"}));
  EXPECT_EQ(causes("services", R"({"spec":{"ports":[{"port":80}],"externalTrafficPolicy":"Local"}})"),
            Lines{R"(spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services)"});
  EXPECT_EQ(causes("services", R"({"spec":{"type":"NodePort","ports":[{"port":80}],"healthCheckNodePort":30000}})"),
            Lines{"spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"});
  EXPECT_EQ(causes("services", R"({"spec":{"ports":[{"port":80}],"trafficDistribution":"Near"}})"),
            Lines{R"(spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameNode", "PreferSameZone")"});
  EXPECT_EQ(causes("services", R"({"spec":{"ports":[{"port":80}],"externalIPs":["127.0.0.1"]}})"),
            Lines{R"(spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128))"});
}

TEST(Services, PortsAreNamedOnceAndUsedOnce) {
  EXPECT_EQ(causes("services", R"({"spec":{"ports":[{"name":"a","port":80},{"name":"a","port":80}]}})"),
            (Lines{R"(spec.ports[1].name: Duplicate value: "a")", R"(spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80,"targetPort":0})"}));
  EXPECT_EQ(causes("services", R"({"spec":{"type":"NodePort","ports":[{"name":"a","port":80,"nodePort":30000},{"name":"b","port":81,"nodePort":30000},
      {"name":"c","protocol":"UDP","port":81,"nodePort":30000}]}})"), Lines{"spec.ports[1].nodePort: Duplicate value: 30000"});
}

TEST(Services, AddressesAndFamilies) {
  const auto of = [](const std::string& fields) { return causes("services", "{\"spec\":{\"ports\":[{\"port\":80}]," + fields + "}}"); };
  EXPECT_EQ(of(R"("clusterIP":"10.0.0.1")"), Lines{"spec.clusterIPs: Required value"});
  EXPECT_EQ(of(R"("clusterIPs":["10.0.0.1"])"), Lines{R"(spec.clusterIPs: Invalid value: ["10.0.0.1"]: must be empty when `clusterIP` is not specified)"});
  EXPECT_EQ(of(R"("clusterIP":"10.0.0.2","clusterIPs":["10.0.0.1"])"), Lines{R"(spec.clusterIPs: Invalid value: ["10.0.0.1"]: first value must match `clusterIP`)"});
  EXPECT_EQ(of(R"("clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1","10.0.0.2"])"),
            Lines{R"(spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP family)"});
  EXPECT_EQ(of(R"("clusterIP":"None","clusterIPs":["None","10.0.0.2"])"), Lines{R"(spec.clusterIPs: Invalid value: ["None","10.0.0.2"]: 'None' must be the first and only value)"});
  EXPECT_EQ(of(R"("clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"ipFamilies":["IPv6"])"),
            Lines{R"(spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`)"});
  EXPECT_EQ(of(R"("ipFamilies":["IPv4","IPv4"])"), Lines{R"(spec.ipFamilies[1]: Duplicate value: "IPv4")"});
}

TEST(Services, Status) {
  EXPECT_EQ(status_causes("services", R"({"spec":{"ports":[{"port":80}]}})", R"({"spec":{"ports":[{"port":80}]},"status":{"loadBalancer":{"ingress":[{"hostname":"a.b"}]}}})"),
            Lines{R"(status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is "LoadBalancer")"});
  EXPECT_EQ(status_causes("services", R"({"spec":{"type":"LoadBalancer","ports":[{"port":80}]}})",
                          R"({"spec":{"type":"LoadBalancer","ports":[{"port":80}]},"status":{"loadBalancer":{"ingress":[{"ip":"x"},{"hostname":"1.2.3.4"},{"ip":"1.2.3.4"}]}}})"),
            (Lines{R"(status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff))",
                   R"(status.loadBalancer.ingress[1].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address)"}));
}

// What an update says of the type, and what it leaves unsaid.
std::string after_update(std::string_view previous, std::string_view next) {
  const auto before = object("services", previous), after = object("services", next);
  resource("services").prepare_for_update(*after, *before);
  return at(*after, "/spec");
}

TEST(Services, UpdatesKeepAndDrop) {
  const char* node_port = R"({"spec":{"type":"NodePort","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack",
      "ports":[{"name":"x","port":80,"nodePort":30000}]}})";
  EXPECT_EQ(after_update(node_port, R"({"spec":{"type":"NodePort","ports":[{"name":"x","port":81}]}})"),
            R"({"clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"externalTrafficPolicy":"Cluster","internalTrafficPolicy":"Cluster",)"
            R"("ports":[{"name":"x","nodePort":30000,"port":81,"protocol":"TCP","targetPort":81}],"sessionAffinity":"None","type":"NodePort"})");
  EXPECT_EQ(after_update(node_port, R"({"spec":{"type":"ClusterIP","externalTrafficPolicy":"Cluster","ports":[{"name":"x","port":80,"nodePort":30000}]}})"),
            R"({"clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"internalTrafficPolicy":"Cluster",)"
            R"("ports":[{"name":"x","port":80,"protocol":"TCP","targetPort":80}],"sessionAffinity":"None","type":"ClusterIP"})");
  EXPECT_EQ(after_update(node_port, R"({"spec":{"type":"ExternalName","externalName":"a.b","clusterIP":"10.0.0.1","clusterIPs":["10.0.0.1"],"ipFamilies":["IPv4"],
      "ipFamilyPolicy":"SingleStack","externalTrafficPolicy":"Cluster"}})"), R"({"externalName":"a.b","sessionAffinity":"None","type":"ExternalName"})");
  // A port that was asked for anew is not dropped: validation refuses it.
  EXPECT_NE(after_update(node_port, R"({"spec":{"type":"ClusterIP","ports":[{"name":"x","port":80,"nodePort":30001}]}})").find("30001"), std::string::npos);
}

TEST(ServiceRanges, AndAddresses) {
  const auto range = [](const std::string& cidrs) { return causes("servicecidrs.networking.k8s.io", R"({"metadata":{"name":"r"},"spec":{"cidrs":)" + cidrs + "}}"); };
  EXPECT_EQ(range(R"(["10.96.0.0/16","fd00::/64"])"), Lines{});
  EXPECT_EQ(range("[]"), Lines{"spec.cidrs: Required value: at least one CIDR required"});
  EXPECT_EQ(range(R"(["10.96.0.1/16"])"), Lines{R"(spec.cidrs[0]: Invalid value: "10.96.0.1/16": must be in canonical form ("10.96.0.0/16"))"});
  EXPECT_EQ(range(R"(["10.96.0.0/16","10.97.0.0/16"])"),
            Lines{R"(spec.cidrs: Invalid value: ["10.96.0.0/16","10.97.0.0/16"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64)"});
  EXPECT_EQ(update_causes("servicecidrs.networking.k8s.io", R"({"spec":{"cidrs":["10.96.0.0/16"]}})", R"({"spec":{"cidrs":["10.97.0.0/16"]}})"),
            Lines{R"(spec.cidrs: Invalid value: ["10.97.0.0/16"]: field is immutable)"});
  const auto address = [](const std::string& name, const std::string& parent) {
    return causes("ipaddresses.networking.k8s.io", R"({"metadata":{"name":")" + name + R"("},"spec":{"parentRef":)" + parent + "}}");
  };
  EXPECT_EQ(address("fd00::1", R"({"resource":"services","namespace":"a","name":"b"})"), Lines{});
  EXPECT_EQ(address("fd00:0::1", R"({"resource":"services","name":"b"})"), Lines{R"(metadata.name: Invalid value: "fd00:0::1": must be a canonical format IP address)"});
  EXPECT_EQ(address("10.0.0.1", "{}"), (Lines{"spec.parentRef.resource: Required value", "spec.parentRef.name: Required value"}));
  EXPECT_EQ(cells("ipaddresses.networking.k8s.io", R"({"metadata":{"name":"10.0.0.1"},"spec":{"parentRef":{"resource":"services","namespace":"a","name":"b"}}})",
                  time("2024-01-01T00:00:00Z")), (Lines{"10.0.0.1", "services/a/b", "<unknown>"}));
}

}  // namespace
}  // namespace plumb::resources::testing
