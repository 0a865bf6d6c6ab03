#include "reference/policy/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/policy/testing.h"

namespace plumb::policy {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string name_of(const PeerSet& set) {
  const std::string where = set.namespace_.empty() ? "[" + set.namespaces.to_string() + "]" : set.namespace_;
  return where + "/" + set.pods.to_string() + (set.port.empty() ? "" : "/" + set.protocol + "/" + set.port);
}

Decision decided(Direction direction, const corev1::Pod& pod, const std::vector<PolicyPtr>& policies, Family family = Family::ipv4) {
  return decide(pod, policies, direction, family, name_of);
}
std::vector<std::string> ingress(const Peers& peers, const Ports& ports) {
  auto made = policy("x", "p", {}, {"Ingress"});
  allow_from(*made, peers, ports);
  auto server = pod("x", "a", {}, "n1", "10.1.0.1");
  add_port(*server, "web", 8080);
  add_port(*server, "web", 8081);
  add_port(*server, "dns", 53, "UDP");
  return decided(Direction::ingress, *server, {made}).rules;
}
std::vector<std::string> egress(const Peers& peers, const Ports& ports) {
  auto made = policy("x", "p", {}, {"Egress"});
  allow_to(*made, peers, ports);
  return decided(Direction::egress, *pod("x", "a", {}, "n1", "10.1.0.1"), {made}).rules;
}

TEST(PolicyRules, IsolateWhomAPolicySelectsForTheDirection) {
  const auto a = pod("x", "a", {}, "n1", "10.1.0.1");
  EXPECT_FALSE(decided(Direction::ingress, *a, {}).isolated);
  const auto deny = policy("x", "deny", {}, {"Ingress"});
  EXPECT_TRUE(decided(Direction::ingress, *a, {deny}).isolated);
  EXPECT_THAT(decided(Direction::ingress, *a, {deny}).rules, IsEmpty());
  EXPECT_FALSE(decided(Direction::egress, *a, {deny}).isolated);
  EXPECT_TRUE(decided(Direction::egress, *a, {policy("x", "deny", {}, {"Ingress", "Egress"})}).isolated);
}

TEST(PolicyRules, AddUp) {
  auto open = policy("x", "open", {}, {"Ingress"});
  allow_from(*open, {});
  auto some = policy("x", "some", {}, {"Ingress"});
  allow_from(*some, {pods({{"app", "b"}})}, {port(80)});
  const auto a = pod("x", "a", {}, "n1", "10.1.0.1");
  EXPECT_FALSE(decided(Direction::ingress, *a, {some}).open);
  EXPECT_TRUE(decided(Direction::ingress, *a, {policy("x", "deny", {}, {"Ingress"}), some, open}).open);
  auto more = policy("x", "more", {}, {"Ingress"});
  allow_from(*more, {pods({{"app", "b"}})}, {port(80)});
  allow_from(*more, {}, {port(81)});
  const Decision both = decided(Direction::ingress, *a, {some, more});
  EXPECT_THAT(both.rules, ElementsAre("ip saddr @x/app=b tcp dport { 80 } return", "tcp dport { 81 } return"));
  EXPECT_THAT(both.sets, ElementsAre("x/app=b"));
}

TEST(PolicyRules, KnowPeers) {
  EXPECT_THAT(ingress({pods({})}, {}), ElementsAre("ip saddr @x/ return"));
  EXPECT_THAT(ingress({spaces({{"team", "b"}})}, {}), ElementsAre("ip saddr @[team=b]/ return"));
  EXPECT_THAT(ingress({pods_of({{"team", "b"}}, {{"app", "c"}})}, {}), ElementsAre("ip saddr @[team=b]/app=c return"));
  EXPECT_THAT(ingress({block("10.0.0.7/8", {"10.1.0.0/16", "10.2.0.1/32"})}, {}), ElementsAre("ip saddr 10.0.0.0/8 ip saddr != 10.1.0.0/16 ip saddr != 10.2.0.1/32 return"));
  EXPECT_THAT(egress({pods({}), block("0.0.0.0/0")}, {}), ElementsAre("ip daddr @x/ return", "ip daddr 0.0.0.0/0 return"));
  EXPECT_THAT(ingress({block("fd00::/8")}, {}), IsEmpty()) << "the other family's";
}

TEST(PolicyRules, KnowPorts) {
  EXPECT_THAT(ingress({}, {port(80), port(90, "TCP", 95), port(94, "TCP", 100), port(53, "UDP")}), ElementsAre("tcp dport { 80, 90-100 } return", "udp dport { 53 } return"));
  EXPECT_THAT(ingress({}, {port({}, "UDP")}), ElementsAre("udp dport { 0-65535 } return"));
  EXPECT_THAT(ingress({}, {port(80, "SCTP")}), IsEmpty()) << "not: all ports";
}

TEST(PolicyRules, ResolveNamedPorts) {
  EXPECT_THAT(ingress({}, {port("web")}), ElementsAre("tcp dport { 8080-8081 } return")) << "the pod's own";
  EXPECT_THAT(ingress({}, {port("web", "UDP"), port("none")}), IsEmpty());
  EXPECT_THAT(egress({pods({{"app", "b"}})}, {port("web"), port(7)}), ElementsAre("ip daddr @x/app=b tcp dport { 7 } return", "ip daddr . tcp dport @x/app=b/TCP/web return"));
  EXPECT_THAT(egress({}, {port("web")}), ElementsAre("ip daddr . tcp dport @[]//TCP/web return"));
  EXPECT_THAT(egress({block("10.0.0.0/8")}, {port("dns", "UDP")}), ElementsAre("ip daddr 10.0.0.0/8 ip daddr . udp dport @[]//UDP/dns return"));
}

TEST(PolicyRules, SayWhichPodsASetHolds) {
  const PeerSet set{.namespace_ = "x", .pods = *api::LabelSelector::parse("app=b")};
  auto b = pod("x", "b", {{"app", "b"}}, "n2", "10.1.0.2");
  EXPECT_THAT(elements(set, *b, Family::ipv4), ElementsAre("10.1.0.2"));
  EXPECT_THAT(elements(set, *b, Family::ipv6), IsEmpty());
  EXPECT_THAT(elements(set, *pod("x", "c", {{"app", "c"}}, "n2", "10.1.0.3"), Family::ipv4), IsEmpty());
  b->metadata.deletionTimestamp.set = true;
  EXPECT_THAT(elements(set, *b, Family::ipv4), ElementsAre("10.1.0.2")) << "until it has gone";
  add_port(*b, "web", 8080);
  PeerSet named = set;
  named.protocol = "TCP";
  named.port = "web";
  EXPECT_THAT(elements(named, *b, Family::ipv4), ElementsAre("10.1.0.2 . 8080"));
  b->status.phase = "Succeeded";
  EXPECT_THAT(elements(set, *b, Family::ipv4), IsEmpty()) << "its address may be another's by now";
  b->status.phase = "Running";
  b->spec.hostNetwork = true;
  EXPECT_THAT(elements(set, *b, Family::ipv4), IsEmpty());
}

TEST(PolicyRules, SayWhatIsLeftOut) {
  auto made = policy("x", "p", {}, {"Ingress"});
  allow_from(*made, {}, {port(80)});
  EXPECT_EQ(left_out(*made), "");
  allow_from(*made, {}, {port(80, "SCTP")});
  EXPECT_EQ(left_out(*made), "ports of SCTP are ignored: they allow nothing");
}

}  // namespace
}  // namespace plumb::policy
