#include "reference/dns/zone.h"

#include <gtest/gtest.h>

#include "reference/dns/testing.h"

namespace plumb::dns {
namespace {

using namespace testing;

constexpr char no_name[] = "NXDOMAIN + cluster.local 30 SOA ns.dns.cluster.local 1600000000", no_data[] = "NOERROR + cluster.local 30 SOA ns.dns.cluster.local 1600000000";
const WallTime now{std::chrono::seconds(1'600'000'000)};

class ZoneTest : public ::testing::Test {
 protected:
  void put(const corev1::Service& one, const std::vector<SlicePtr>& slices = {}) { zone_.set_service("ns", one.metadata.name, view_of(one, slices), now); }
  std::string ask(const std::string& name, Type type = Type::a) { return text_of(zone_.answer({name, type})); }

  void SetUp() override {
    zone_.set_namespace("ns", true, now);
    zone_.set_complete();
    put(*service("web", {"10.96.0.7", "fd00::7"}, {{"http", 80}, {"dns", 53, "UDP"}}), {slice("web-1", "web", {{"10.0.0.1", ""}, {"10.0.0.2", "two"}})});
    put(*service("set", {}), {slice("set-1", "set", {{"10.0.0.3", "set-0"}, {"10.0.0.4", ""}, {"10.0.0.5", "", false}}), slice("set-2", "set", {{"fd00::3", "set-0"}})});
    auto alias = service("alias", {});
    alias->spec.type = "ExternalName";
    alias->spec.externalName = "Example.com.";
    put(*alias);
  }
  Zone zone_{{.own_ips = {ip("10.0.0.9")}}, now};
};

TEST_F(ZoneTest, AServiceHasItsClusterIps) {
  EXPECT_EQ(ask("web.ns.svc.cluster.local"), "NOERROR web.ns.svc.cluster.local 30 A 10.96.0.7");
  EXPECT_EQ(ask("web.ns.svc.cluster.local", Type::aaaa), "NOERROR web.ns.svc.cluster.local 30 AAAA fd00::7");
  EXPECT_EQ(ask("WEB.ns.SVC.cluster.LOCAL"), "NOERROR WEB.ns.SVC.cluster.LOCAL 30 A 10.96.0.7");
  EXPECT_EQ(ask("web.ns.svc.cluster.local", Type::txt), no_data);
  EXPECT_EQ(ask("other.ns.svc.cluster.local"), no_name);
  EXPECT_EQ(ask("web.elsewhere.svc.cluster.local"), no_name);
  EXPECT_EQ(ask("x.y.z.web.ns.svc.cluster.local"), no_name);
}

TEST_F(ZoneTest, APortOfAServiceIsAPlace) {
  const std::string both = " ++ web.ns.svc.cluster.local 30 A 10.96.0.7; web.ns.svc.cluster.local 30 AAAA fd00::7";
  EXPECT_EQ(ask("_http._tcp.web.ns.svc.cluster.local", Type::srv), "NOERROR _http._tcp.web.ns.svc.cluster.local 30 SRV 0 100 80 web.ns.svc.cluster.local" + both);
  EXPECT_EQ(ask("_dns._udp.web.ns.svc.cluster.local", Type::srv), "NOERROR _dns._udp.web.ns.svc.cluster.local 30 SRV 0 100 53 web.ns.svc.cluster.local" + both);
  EXPECT_EQ(ask("_http._udp.web.ns.svc.cluster.local", Type::srv), no_name);
  EXPECT_EQ(ask("http.tcp.web.ns.svc.cluster.local", Type::srv), no_name);
  EXPECT_EQ(ask("_tcp.web.ns.svc.cluster.local", Type::srv), no_data);
  EXPECT_EQ(ask("_http._tcp.web.ns.svc.cluster.local", Type::a), no_data);
  EXPECT_EQ(ask("web.ns.svc.cluster.local", Type::srv),
            "NOERROR web.ns.svc.cluster.local 30 SRV 0 50 80 web.ns.svc.cluster.local; web.ns.svc.cluster.local 30 SRV 0 50 53 web.ns.svc.cluster.local" + both);
}

TEST_F(ZoneTest, AHeadlessServiceHasItsReadyEndpoints) {
  EXPECT_EQ(ask("set.ns.svc.cluster.local"), "NOERROR set.ns.svc.cluster.local 30 A 10.0.0.3; set.ns.svc.cluster.local 30 A 10.0.0.4");
  EXPECT_EQ(ask("set.ns.svc.cluster.local", Type::aaaa), "NOERROR set.ns.svc.cluster.local 30 AAAA fd00::3");
  EXPECT_EQ(ask("set-0.set.ns.svc.cluster.local"), "NOERROR set-0.set.ns.svc.cluster.local 30 A 10.0.0.3");
  EXPECT_EQ(ask("set-0.set.ns.svc.cluster.local", Type::aaaa), "NOERROR set-0.set.ns.svc.cluster.local 30 AAAA fd00::3");
  EXPECT_EQ(ask("10-0-0-4.set.ns.svc.cluster.local"), "NOERROR 10-0-0-4.set.ns.svc.cluster.local 30 A 10.0.0.4");
  EXPECT_EQ(ask("10-0-0-4.set.ns.svc.cluster.local", Type::aaaa), no_data);
  EXPECT_EQ(ask("10-0-0-3.set.ns.svc.cluster.local"), no_name);
  EXPECT_EQ(ask("10-0-0-5.set.ns.svc.cluster.local"), no_name);
  EXPECT_EQ(ask("_http._tcp.set.ns.svc.cluster.local", Type::srv),
            "NOERROR _http._tcp.set.ns.svc.cluster.local 30 SRV 0 50 8080 set-0.set.ns.svc.cluster.local; _http._tcp.set.ns.svc.cluster.local 30 SRV 0 50 8080 "
            "10-0-0-4.set.ns.svc.cluster.local ++ set-0.set.ns.svc.cluster.local 30 A 10.0.0.3; 10-0-0-4.set.ns.svc.cluster.local 30 A 10.0.0.4; "
            "set-0.set.ns.svc.cluster.local 30 AAAA fd00::3");
}

TEST_F(ZoneTest, WithoutReadyEndpointsAHeadlessServiceIsNoName) {
  put(*service("set", {}), {slice("set-1", "set", {{"10.0.0.5", "", false}})});
  EXPECT_EQ(ask("set.ns.svc.cluster.local"), no_name);
}

TEST_F(ZoneTest, EndpointsOfAClusterIpHaveNamesToo) { EXPECT_EQ(ask("two.web.ns.svc.cluster.local"), "NOERROR two.web.ns.svc.cluster.local 30 A 10.0.0.2"); }

TEST_F(ZoneTest, AnExternalNameIsAnAlias) {
  EXPECT_EQ(ask("alias.ns.svc.cluster.local", Type::cname), "NOERROR alias.ns.svc.cluster.local 30 CNAME example.com");
  EXPECT_EQ(ask("alias.ns.svc.cluster.local"), "NOERROR alias.ns.svc.cluster.local 30 CNAME example.com >example.com");
  auto inside = service("inside", {});
  inside->spec.type = "ExternalName";
  inside->spec.externalName = "web.ns.svc.cluster.local";
  put(*inside);
  EXPECT_EQ(ask("inside.ns.svc.cluster.local"), "NOERROR inside.ns.svc.cluster.local 30 CNAME web.ns.svc.cluster.local; web.ns.svc.cluster.local 30 A 10.96.0.7");
  inside->spec.externalName = "gone.ns.svc.cluster.local";
  put(*inside);
  EXPECT_EQ(ask("inside.ns.svc.cluster.local"), "NXDOMAIN inside.ns.svc.cluster.local 30 CNAME gone.ns.svc.cluster.local + cluster.local 30 SOA ns.dns.cluster.local 1600000000");
  inside->spec.externalName = "10.0.0.1";
  put(*inside);
  EXPECT_EQ(ask("inside.ns.svc.cluster.local"), no_name);
}

TEST_F(ZoneTest, AliasesInACircleEnd) {
  for (const auto& [name, to] : {std::pair("a", "b.ns.svc.cluster.local"), {"b", "a.ns.svc.cluster.local"}, {"self", "self.ns.svc.cluster.local"}}) {
    auto one = service(name, {});
    one->spec.type = "ExternalName";
    one->spec.externalName = to;
    put(*one);
  }
  EXPECT_LE(zone_.answer({"a.ns.svc.cluster.local", Type::a}).answers.size(), 8u);
  EXPECT_EQ(ask("self.ns.svc.cluster.local"), no_data);
}

TEST_F(ZoneTest, AddressesHaveNames) {
  EXPECT_EQ(ask("7.0.96.10.in-addr.arpa", Type::ptr), "NOERROR 7.0.96.10.in-addr.arpa 30 PTR web.ns.svc.cluster.local");
  EXPECT_EQ(ask("3.0.0.10.in-addr.arpa", Type::ptr), "NOERROR 3.0.0.10.in-addr.arpa 30 PTR set-0.set.ns.svc.cluster.local");
  EXPECT_EQ(ask("4.0.0.10.in-addr.arpa", Type::ptr), "NOERROR 4.0.0.10.in-addr.arpa 30 PTR 10-0-0-4.set.ns.svc.cluster.local");
  EXPECT_EQ(ask(reverse_name(ip("fd00::7")), Type::ptr), "NOERROR " + reverse_name(ip("fd00::7")) + " 30 PTR web.ns.svc.cluster.local");
  EXPECT_EQ(ask("1.0.0.10.in-addr.arpa", Type::ptr), "elsewhere");
  EXPECT_EQ(ask("7.0.96.10.in-addr.arpa"), "elsewhere");
  put(*service("web", {"10.96.0.8"}));
  EXPECT_EQ(ask("7.0.96.10.in-addr.arpa", Type::ptr), "elsewhere");
}

TEST_F(ZoneTest, PodsHaveNamesByTheirAddresses) {
  EXPECT_EQ(ask("10-0-0-1.ns.pod.cluster.local"), "NOERROR 10-0-0-1.ns.pod.cluster.local 30 A 10.0.0.1");
  EXPECT_EQ(ask("fd00--1.ns.pod.cluster.local", Type::aaaa), "NOERROR fd00--1.ns.pod.cluster.local 30 AAAA fd00::1");
  EXPECT_EQ(ask("10-0-0-1.ns.pod.cluster.local", Type::aaaa), no_data);
  EXPECT_EQ(ask("10-0-0.ns.pod.cluster.local"), no_name);
  EXPECT_EQ(ask("10-0-0-1.nowhere.pod.cluster.local"), no_name);
  EXPECT_EQ(ask("ns.pod.cluster.local"), no_data);
}

TEST_F(ZoneTest, VerifiedPodsMustBeThere) {
  Zone zone({.pods = Pods::verified}, now);
  zone.set_namespace("ns", true, now);
  zone.set_complete();
  const Question question{"10-0-0-1.ns.pod.cluster.local", Type::a};
  EXPECT_EQ(text_of(zone.answer(question)), no_name);
  zone.add_pod("other", ip("10.0.0.1"), now);
  EXPECT_EQ(text_of(zone.answer(question)), no_name);
  zone.add_pod("ns", ip("10.0.0.1"), now);
  EXPECT_EQ(text_of(zone.answer(question)), "NOERROR 10-0-0-1.ns.pod.cluster.local 30 A 10.0.0.1");
  zone.remove_pod("ns", ip("10.0.0.1"), now);
  EXPECT_EQ(text_of(zone.answer(question)), no_name);
}

TEST_F(ZoneTest, TheZoneItself) {
  EXPECT_EQ(ask("dns-version.cluster.local", Type::txt), "NOERROR dns-version.cluster.local 30 TXT 1.1.0");
  EXPECT_EQ(ask("cluster.local", Type::soa), "NOERROR cluster.local 30 SOA ns.dns.cluster.local 1600000000");
  EXPECT_EQ(ask("cluster.local"), no_data);
  EXPECT_EQ(ask("svc.cluster.local"), no_data);
  EXPECT_EQ(ask("ns.svc.cluster.local"), no_data);
  EXPECT_EQ(ask("nowhere.svc.cluster.local"), no_name);
  EXPECT_EQ(ask("other.cluster.local"), no_name);
  EXPECT_EQ(ask("cluster.local", Type::ns), "NOERROR cluster.local 30 NS ns.dns.cluster.local ++ ns.dns.cluster.local 30 A 10.0.0.9");
  put(*service("names", {"10.96.0.10"}), {slice("names-1", "names", {{"10.0.0.9", ""}})});
  EXPECT_EQ(ask("cluster.local", Type::ns), "NOERROR cluster.local 30 NS names.ns.svc.cluster.local ++ names.ns.svc.cluster.local 30 A 10.96.0.10");
  EXPECT_EQ(ask("ns.dns.cluster.local"), "NOERROR ns.dns.cluster.local 30 A 10.96.0.10");
}

TEST_F(ZoneTest, OtherNamesAreAskedElsewhere) {
  EXPECT_EQ(ask("example.com"), "elsewhere");
  EXPECT_EQ(ask("notcluster.local"), "elsewhere");
  EXPECT_EQ(ask(""), "elsewhere");
}

TEST_F(ZoneTest, NothingIsDeniedBeforeEverythingWasSeen) {
  Zone zone({}, now);
  EXPECT_EQ(text_of(zone.answer({"web.ns.svc.cluster.local", Type::a})), "SERVFAIL");
  EXPECT_EQ(text_of(zone.answer({"example.com", Type::a})), "elsewhere");
}

TEST_F(ZoneTest, OnlyWhatChangesAnAnswerCounts) {
  const auto before = zone_.generation();
  EXPECT_FALSE(zone_.set_service("ns", "web", view_of(*service("web", {"10.96.0.7", "fd00::7"}, {{"http", 80}, {"dns", 53, "UDP"}}),
                                                      {slice("web-1", "web", {{"10.0.0.1", ""}, {"10.0.0.2", "two"}})}), now));
  zone_.set_namespace("ns", true, now);
  EXPECT_EQ(zone_.generation(), before);
  EXPECT_TRUE(zone_.set_service("ns", "web", nullptr, now + std::chrono::seconds(5)));
  EXPECT_NE(zone_.generation(), before);
  EXPECT_EQ(ask("web.ns.svc.cluster.local"), "NXDOMAIN + cluster.local 30 SOA ns.dns.cluster.local 1600000005");
}

}  // namespace
}  // namespace plumb::dns
