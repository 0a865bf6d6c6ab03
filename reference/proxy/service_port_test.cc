#include "reference/proxy/service_port.h"

#include <gtest/gtest.h>

#include "reference/proxy/testing.h"

namespace plumb::proxy {
namespace {

using namespace testing;

TEST(ServicePorts, SaysNothingOfWhatIsNotProxied) {
  auto headless = service("a", "None");
  EXPECT_TRUE(service_ports(*headless, Family::ipv4).empty());
  auto external = service("a", "10.96.0.1");
  external->spec.type = "ExternalName";
  EXPECT_TRUE(service_ports(*external, Family::ipv4).empty());
  auto others = service("a", "10.96.0.1");
  others->metadata.labels.set("service.kubernetes.io/service-proxy-name", "mine");
  EXPECT_TRUE(service_ports(*others, Family::ipv4).empty());
}

TEST(ServicePorts, GivesEachFamilyItsAddresses) {
  auto both = service("a", "10.96.0.1");
  both->spec.clusterIPs = {"10.96.0.1", "fd00::1"};
  both->spec.externalIPs = {"192.0.2.1", "2001:db8::1", "not-an-address", "192.0.2.1"};
  both->spec.loadBalancerSourceRanges = {" 198.51.100.0/24 ", "2001:db8:1::/48"};
  const auto four = service_ports(*both, Family::ipv4), six = service_ports(*both, Family::ipv6);
  ASSERT_EQ(four.size(), 1u);
  ASSERT_EQ(six.size(), 1u);
  EXPECT_EQ(four[0].cluster_ip->text(), "10.96.0.1");
  EXPECT_EQ(six[0].cluster_ip->text(), "fd00::1");
  ASSERT_EQ(four[0].external_ips.size(), 1u);
  EXPECT_EQ(four[0].external_ips[0].text(), "192.0.2.1");
  EXPECT_EQ(six[0].external_ips[0].text(), "2001:db8::1");
  ASSERT_EQ(four[0].load_balancer_source_ranges.size(), 1u);
  EXPECT_EQ(four[0].load_balancer_source_ranges[0].text(), "198.51.100.0/24");
}

TEST(ServicePorts, TakesBalancersThatLeaveTheAddressAlone) {
  auto made = service("a", "10.96.0.1");
  made->spec.type = "LoadBalancer";
  made->spec.externalTrafficPolicy = "Local";
  made->spec.healthCheckNodePort = 32000;
  corev1::LoadBalancerIngress vip, proxied;
  vip.ip = "192.0.2.7";
  proxied.ip = "192.0.2.8";
  proxied.ipMode = "Proxy";
  made->status.loadBalancer.ingress = {vip, proxied};
  const auto ports = service_ports(*made, Family::ipv4);
  ASSERT_EQ(ports.size(), 1u);
  ASSERT_EQ(ports[0].load_balancer_ips.size(), 1u);
  EXPECT_EQ(ports[0].load_balancer_ips[0].text(), "192.0.2.7");
  EXPECT_TRUE(ports[0].external_local);
  EXPECT_EQ(health_check_node_port(*made), 32000);
  made->spec.externalTrafficPolicy = "Cluster";
  EXPECT_EQ(health_check_node_port(*made), 0);
}

TEST(ServicePorts, KeepsClientsForThreeHoursUnlessTold) {
  auto made = service("a", "10.96.0.1");
  made->spec.sessionAffinity = "ClientIP";
  EXPECT_EQ(service_ports(*made, Family::ipv4)[0].affinity_seconds, 10800);
  corev1::ClientIPConfig config;
  config.timeoutSeconds = 7;
  made->spec.sessionAffinityConfig = corev1::SessionAffinityConfig();
  made->spec.sessionAffinityConfig->clientIP = config;
  EXPECT_EQ(service_ports(*made, Family::ipv4)[0].affinity_seconds, 7);
}

TEST(Endpoints, AreThoseOfThePortAndProtocolOnceEach) {
  const auto port = service_ports(*service("a", "10.96.0.1"), Family::ipv4)[0];
  const Slices slices{slice("a", {{"10.1.0.2", "n1"}, {"10.1.0.1", "n2", false}}), slice("a", {{"10.1.0.1", "n1"}}, 8080, "TCP", "a-2"), slice("a", {{"10.1.0.9", "n1"}}, 8080, "UDP", "a-3"),
                      slice("a", {{"fd00::9", "n1"}}, 8080, "TCP", "a-4")};
  const auto found = endpoints_of(port, Family::ipv4, slices, "n1");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].ip.text(), "10.1.0.1");
  EXPECT_TRUE(found[0].ready) << "the last slice by name counts";
  EXPECT_TRUE(found[0].local);
  EXPECT_EQ(found[1].ip.text(), "10.1.0.2");
  EXPECT_EQ(found[1].port, 8080);
}

TEST(Endpoints, WithoutConditionsAreReady) {
  auto one = slice("a", {{"10.1.0.1", ""}});
  one->endpoints[0].conditions = {};
  const auto port = service_ports(*service("a", "10.96.0.1"), Family::ipv4)[0];
  const auto found = endpoints_of(port, Family::ipv4, {one}, "n1");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].ready && found[0].serving && !found[0].terminating && !found[0].local);
}

}  // namespace
}  // namespace plumb::proxy
