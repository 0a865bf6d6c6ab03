#include "reference/proxy/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/proxy/testing.h"

namespace plumb::proxy {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

NodeRules node() {
  NodeRules rules{.family = Family::ipv4, .node_name = "n1"};
  rules.node_ips = {ip("192.0.2.10")};
  rules.local = {LocalTraffic::Mode::bridge, "cni0", {}};
  return rules;
}

ServicePort port() {
  ServicePort made{.namespace_ = "ns", .service = "a", .name = "web", .protocol = Protocol::tcp, .port = 80};
  made.cluster_ip = ip("10.96.0.1");
  return made;
}

Endpoint endpoint(int last, bool local = false, bool ready = true) {
  Endpoint made{ip("10.1.0." + std::to_string(last)), 8080};
  made.ready = ready;
  made.serving = ready;
  made.local = local;
  return made;
}

// "service-ips 10.96.0.1 . tcp . 80 : goto x"; slots as "endpoints-tcp 10.96.0.1 . 80 . 0 : 10.1.0.1".
std::vector<std::string> lines(const Part& part) {
  std::vector<std::string> made;
  for (const Element& one : part.elements) made.push_back(std::string(name_of(one.in)) + " " + one.key + (one.value.empty() ? "" : " : " + one.value));
  for (const SlotPrefix& prefix : part.prefixes) {
    std::string line = std::string(name_of(prefix.in)) + " " + prefix.key + (prefix.local ? " local:" : ":");
    for (const Target& target : prefix.local ? part.local : part.cluster) line += " " + target.ip.text();
    made.push_back(line);
  }
  return made;
}

std::vector<std::string> chain(const Part& part, std::string_view name) {
  for (const Chain& one : part.chains)
    if (one.name == name) return one.rules;
  return {"no chain " + std::string(name)};
}

TEST(Rules, LeadAClusterIpToOneOfItsEndpoints) {
  const Decision made = decide(node(), port(), {endpoint(1), endpoint(2), endpoint(3, false, false)}, {});
  EXPECT_THAT(lines(made.part), ElementsAre("cluster-ips 10.96.0.1", "service-ips 10.96.0.1 . tcp . 80 : goto internal-to-tcp-2", "endpoints-tcp 10.96.0.1 . 80: 10.1.0.1 10.1.0.2"));
  EXPECT_THAT(chain(made.part, "internal-to-tcp-2"), ElementsAre("iifname != \"cni0\" jump mark-for-masquerade", "goto to-tcp-2"));
  EXPECT_THAT(chain(made.part, "to-tcp-2"), ElementsAre("meta l4proto tcp dnat ip to ip daddr . tcp dport . numgen random mod 2 map @endpoints-tcp"));
}

TEST(Rules, RefuseWhereThereAreNoEndpointsAndDropWhereTheyAreElsewhere) {
  EXPECT_THAT(lines(decide(node(), port(), {}, {}).part), ElementsAre("cluster-ips 10.96.0.1", "no-endpoint-services 10.96.0.1 . tcp . 80 : goto reject-chain"));
  ServicePort local = port();
  local.internal_local = true;
  const Decision made = decide(node(), local, {endpoint(1)}, {});
  EXPECT_THAT(lines(made.part), ElementsAre("cluster-ips 10.96.0.1", "no-endpoint-services 10.96.0.1 . tcp . 80 : drop"));
  EXPECT_TRUE(made.no_local_internal);
  EXPECT_THAT(lines(decide(node(), local, {endpoint(1), endpoint(2, true)}, {}).part),
              ElementsAre("cluster-ips 10.96.0.1", "service-ips 10.96.0.1 . tcp . 80 : goto internal-to-tcp-local-1", "hairpin-endpoints 10.1.0.2 . 10.1.0.2", "endpoints-tcp 10.96.0.1 . 80 local: 10.1.0.2"));
}

TEST(Rules, LeadExternalTrafficByTheSameEndpoints) {
  ServicePort external = port();
  external.node_port = 30000;
  external.external_ips = {ip("198.51.100.1")};
  external.load_balancer_ips = {ip("198.51.100.1"), ip("198.51.100.2")};
  const Part part = decide(node(), external, {endpoint(1)}, {}).part;
  EXPECT_THAT(lines(part), ElementsAre("cluster-ips 10.96.0.1", "service-ips 10.96.0.1 . tcp . 80 : goto internal-to-tcp-1", "service-ips 198.51.100.1 . tcp . 80 : goto external-to-tcp-1",
                                       "service-ips 198.51.100.2 . tcp . 80 : goto external-to-tcp-1", "service-nodeports tcp . 30000 : goto external-nodeport-to-tcp-1",
                                       "endpoints-tcp 10.96.0.1 . 80: 10.1.0.1", "endpoints-tcp 198.51.100.1 . 80: 10.1.0.1", "endpoints-tcp 198.51.100.2 . 80: 10.1.0.1",
                                       "nodeport-endpoints-tcp 30000: 10.1.0.1"));
  EXPECT_THAT(chain(part, "external-nodeport-to-tcp-1"), ElementsAre("jump mark-for-masquerade", "goto nodeport-to-tcp-1"));
  EXPECT_THAT(chain(part, "nodeport-to-tcp-1")[0], HasSubstr("to tcp dport . numgen random mod 1 map @nodeport-endpoints-tcp"));
}

TEST(Rules, KeepTheClientsAddressWithExternalPolicyLocal) {
  ServicePort external = port();
  external.node_port = 30000;
  external.external_local = true;
  const Part part = decide(node(), external, {endpoint(1), endpoint(2, true)}, {}).part;
  EXPECT_THAT(lines(part), ElementsAre("cluster-ips 10.96.0.1", "service-ips 10.96.0.1 . tcp . 80 : goto internal-to-tcp-2",
                                       "service-nodeports tcp . 30000 : goto external-local-nodeport-to-tcp-local-1-or-nodeport-to-tcp-2", "hairpin-endpoints 10.1.0.2 . 10.1.0.2",
                                       "endpoints-tcp 10.96.0.1 . 80: 10.1.0.1 10.1.0.2", "nodeport-endpoints-tcp 30000: 10.1.0.1 10.1.0.2", "nodeport-endpoints-tcp 30000 local: 10.1.0.2"));
  EXPECT_THAT(chain(part, "external-local-nodeport-to-tcp-local-1-or-nodeport-to-tcp-2"),
              ElementsAre("iifname \"cni0\" goto nodeport-to-tcp-2", "fib saddr type local jump mark-for-masquerade", "fib saddr type local goto nodeport-to-tcp-2", "goto nodeport-to-tcp-local-1"));
  EXPECT_THAT(chain(part, "nodeport-to-tcp-local-1")[0], HasSubstr("numgen random mod 1 offset 65536"));
  const Decision elsewhere = decide(node(), external, {endpoint(1)}, {});
  EXPECT_THAT(lines(elsewhere.part), ::testing::Contains("no-endpoint-nodeports tcp . 30000 : drop"));
  EXPECT_THAT(chain(elsewhere.part, "external-local-none-or-nodeport-to-tcp-1"), ::testing::SizeIs(3)) << "this node's own traffic still goes there";
  EXPECT_TRUE(elsewhere.no_local_external);
}

TEST(Rules, LetOnlyTheSourceRangesToTheBalancer) {
  ServicePort balanced = port();
  balanced.load_balancer_ips = {ip("198.51.100.2")};
  balanced.load_balancer_source_ranges = {range("10.0.0.0/8"), range("10.2.0.0/16"), range("203.0.113.0/24"), range("203.0.113.0/24")};
  Part part = decide(node(), balanced, {endpoint(1)}, {}).part;
  EXPECT_THAT(lines(part), ::testing::Contains("firewall-ips 198.51.100.2 . tcp . 80 : goto firewall-ns/a/tcp/web"));
  EXPECT_THAT(chain(part, "firewall-ns/a/tcp/web"), ElementsAre("ip saddr != { 10.0.0.0/8, 203.0.113.0/24 } drop"));
  balanced.load_balancer_source_ranges = {range("192.0.2.0/24")};
  part = decide(node(), balanced, {endpoint(1)}, {}).part;
  EXPECT_THAT(chain(part, "firewall-ns/a/tcp/web"), ElementsAre("ip saddr != { 192.0.2.0/24, 198.51.100.2/32 } drop")) << "a node that may comes from the balancer's own address";
}

TEST(Rules, RememberClientsInASetAnEndpoint) {
  ServicePort sticky = port();
  sticky.affinity_seconds = 30;
  const Part part = decide(node(), sticky, {endpoint(1), endpoint(2)}, {}).part;
  EXPECT_THAT(lines(part), ElementsAre("cluster-ips 10.96.0.1", "service-ips 10.96.0.1 . tcp . 80 : goto internal-service-ns/a/tcp/web"));
  EXPECT_THAT(chain(part, "service-ns/a/tcp/web"),
              ElementsAre("ip saddr @affinity-ns/a/tcp/web__10.1.0.1/8080 goto endpoint-ns/a/tcp/web__10.1.0.1/8080", "ip saddr @affinity-ns/a/tcp/web__10.1.0.2/8080 goto endpoint-ns/a/tcp/web__10.1.0.2/8080",
                          "numgen random mod 2 vmap { 0 : goto endpoint-ns/a/tcp/web__10.1.0.1/8080, 1 : goto endpoint-ns/a/tcp/web__10.1.0.2/8080 }"));
  EXPECT_THAT(chain(part, "endpoint-ns/a/tcp/web__10.1.0.1/8080"), ElementsAre("update @affinity-ns/a/tcp/web__10.1.0.1/8080 { ip saddr }", "meta l4proto tcp dnat ip to 10.1.0.1:8080"));
  ASSERT_EQ(part.affinity.size(), 2u);
  EXPECT_EQ(part.affinity[0].seconds, 30);
}

TEST(Rules, SpeakIpv6) {
  NodeRules six = node();
  six.family = Family::ipv6;
  ServicePort made = port();
  made.cluster_ip = ip("fd00::1");
  Endpoint one{ip("fd01::2"), 8080};
  made.affinity_seconds = 5;
  const Part part = decide(six, made, {one}, {}).part;
  EXPECT_THAT(chain(part, "endpoint-ns/a/tcp/web__fd01..2/8080"), ElementsAre("update @affinity-ns/a/tcp/web__fd01..2/8080 { ip6 saddr }", "meta l4proto tcp dnat ip6 to [fd01::2]:8080"));
}

TEST(Rules, MarkWhatIsNotThePodsOwn) {
  NodeRules rules = node();
  const auto first = [&] { return chain(decide(rules, port(), {endpoint(1)}, {}).part, "internal-to-tcp-1")[0]; };
  rules.local = {LocalTraffic::Mode::cidr, "", {range("10.1.0.0/24"), range("fd00::/64")}};
  EXPECT_EQ(first(), "ip saddr != { 10.1.0.0/24 } jump mark-for-masquerade");
  rules.local = {LocalTraffic::Mode::interface_prefix, "veth", {}};
  EXPECT_EQ(first(), "iifname != \"veth*\" jump mark-for-masquerade");
  rules.local = {};
  EXPECT_EQ(first(), "goto to-tcp-1");
  rules.masquerade_all = true;
  EXPECT_EQ(first(), "jump mark-for-masquerade");
}

std::string slots(const Part& part) {
  std::string text;
  for (const Target& target : part.cluster) text += target.ip.text().substr(7);
  return text;
}

TEST(Slots, StayWithTheEndpointsThatStay) {
  Part part = decide(node(), port(), {endpoint(1), endpoint(2), endpoint(3), endpoint(4)}, {}).part;
  EXPECT_EQ(slots(part), "1234");
  part = decide(node(), port(), {endpoint(1), endpoint(3), endpoint(4)}, part).part;
  EXPECT_EQ(slots(part), "143") << "the last fills the hole";
  part = decide(node(), port(), {endpoint(1), endpoint(3), endpoint(4), endpoint(5)}, part).part;
  EXPECT_EQ(slots(part), "1435");
  part = decide(node(), port(), {endpoint(6), endpoint(3), endpoint(4), endpoint(5)}, part).part;
  EXPECT_EQ(slots(part), "6435") << "who comes takes the place of who goes";
  part = decide(node(), port(), {endpoint(5)}, part).part;
  EXPECT_EQ(slots(part), "5");
  part = decide(node(), port(), {}, part).part;
  EXPECT_EQ(slots(part), "");
}

TEST(BaseTable, ServesNodePortsWhereItIsTold) {
  NodeRules rules = node();
  EXPECT_THAT(base_table(rules), HasSubstr("ip daddr { 192.0.2.10 } meta l4proto . th dport vmap @service-nodeports"));
  rules.node_port_ranges = {range("0.0.0.0/0"), range("10.0.0.0/8"), range("::/0")};
  EXPECT_THAT(base_table(rules), HasSubstr("fib daddr type local ip daddr != 127.0.0.0/8 ip daddr { 0.0.0.0/0 } meta l4proto . th dport vmap @service-nodeports"));
  rules.node_port_ranges = {range("::/0")};
  EXPECT_THAT(base_table(rules), Not(HasSubstr("vmap @service-nodeports")));
}

TEST(BaseTable, DropsAddressesThatNoServiceHas) {
  NodeRules rules = node();
  EXPECT_THAT(base_table(rules), Not(HasSubstr("} drop")));
  rules.service_ranges = {range("10.96.0.0/16"), range("10.96.0.0/24"), range("fd00::/108")};
  EXPECT_THAT(base_table(rules), HasSubstr("ip daddr { 10.96.0.0/16 } drop"));
}

}  // namespace
}  // namespace plumb::proxy
