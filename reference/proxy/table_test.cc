#include "reference/proxy/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/proxy/testing.h"

namespace plumb::proxy {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

Part part(const std::string& vip, const std::vector<std::string>& endpoints) {
  Part made;
  const std::string key = vip + " . tcp . 80", chain = "to-" + std::to_string(endpoints.size());
  made.elements = {{Container::cluster_ips, vip, ""}, {Container::service_ips, key, "goto " + chain}};
  made.chains = {{chain, {"rule of " + chain}}};
  made.prefixes = {{Container::endpoints_tcp, vip + " . 80", false}};
  for (const std::string& one : endpoints) made.cluster.push_back({ip(one), 8080});
  return made;
}

class Transcript : public ::testing::Test {
 protected:
  void SetUp() override { (void)table_.whole(); }
  std::string changes() { return table_.take_changes(clock_.now()); }
  VirtualClock clock_;
  Table table_{NodeRules{.family = Family::ipv4, .node_name = "n1"}};
};

TEST_F(Transcript, OfOneEndpointMoreIsFourElements) {
  table_.replace("a", part("10.96.0.1", {"10.1.0.1"}));
  EXPECT_EQ(changes(),
            "add chain ip kube-proxy to-1\n"
            "add rule ip kube-proxy to-1 rule of to-1\n"
            "add element ip kube-proxy cluster-ips { 10.96.0.1 }\n"
            "add element ip kube-proxy service-ips { 10.96.0.1 . tcp . 80 : goto to-1 }\n"
            "add element ip kube-proxy endpoints-tcp { 10.96.0.1 . 80 . 0 : 10.1.0.1 . 8080 }\n");
  table_.replace("a", part("10.96.0.1", {"10.1.0.1", "10.1.0.2"}));
  EXPECT_EQ(changes(),
            "add chain ip kube-proxy to-2\n"
            "add rule ip kube-proxy to-2 rule of to-2\n"
            "delete element ip kube-proxy service-ips { 10.96.0.1 . tcp . 80 }\n"
            "add element ip kube-proxy service-ips { 10.96.0.1 . tcp . 80 : goto to-2 }\n"
            "add element ip kube-proxy endpoints-tcp { 10.96.0.1 . 80 . 1 : 10.1.0.2 . 8080 }\n"
            "flush chain ip kube-proxy to-1\n");
  table_.replace("a", part("10.96.0.1", {"10.1.0.3", "10.1.0.2"}));
  EXPECT_EQ(changes(),
            "delete element ip kube-proxy endpoints-tcp { 10.96.0.1 . 80 . 0 }\n"
            "add element ip kube-proxy endpoints-tcp { 10.96.0.1 . 80 . 0 : 10.1.0.3 . 8080 }\n");
  table_.replace("a", part("10.96.0.1", {"10.1.0.3", "10.1.0.2"}));
  EXPECT_EQ(changes(), "");
}

TEST_F(Transcript, DeletesChainsASecondAfterTheyAreUnused) {
  table_.replace("a", part("10.96.0.1", {"10.1.0.1"}));
  (void)changes();
  table_.replace("a", {});
  EXPECT_EQ(changes(),
            "delete element ip kube-proxy cluster-ips { 10.96.0.1 }\n"
            "delete element ip kube-proxy service-ips { 10.96.0.1 . tcp . 80 }\n"
            "delete element ip kube-proxy endpoints-tcp { 10.96.0.1 . 80 . 0 }\n"
            "flush chain ip kube-proxy to-1\n");
  EXPECT_EQ(table_.delete_stale(clock_.now()), "");
  clock_.advance(1s);
  EXPECT_EQ(table_.delete_stale(clock_.now()), "delete chain ip kube-proxy to-1\n");
  EXPECT_NE(table_.delete_stale(clock_.now()), "") << "until it has happened";
  table_.replace("a", part("10.96.0.1", {"10.1.0.1"}));
  EXPECT_THAT(changes(), Not(HasSubstr("add chain"))) << "it is still there";
  EXPECT_EQ(table_.delete_stale(clock_.now()), "");
  EXPECT_FALSE(table_.has("b"));
}

TEST_F(Transcript, SharesChainsAndAddresses) {
  table_.replace("a", part("10.96.0.1", {"10.1.0.1"}));
  Part other = part("10.96.0.1", {"10.1.0.2"});
  for (Element& one : other.elements)
    if (one.in == Container::service_ips) one.key = "10.96.0.1 . tcp . 81";
  other.prefixes[0].key = "10.96.0.1 . 81";
  (void)changes();
  table_.replace("b", other);
  const std::string second = changes();
  EXPECT_THAT(second, Not(HasSubstr("chain")));
  EXPECT_THAT(second, Not(HasSubstr("cluster-ips")));
  table_.replace("a", {});
  const std::string third = changes();
  EXPECT_THAT(third, Not(HasSubstr("chain")));
  EXPECT_THAT(third, Not(HasSubstr("cluster-ips")));
  table_.replace("b", {});
  EXPECT_THAT(changes(), HasSubstr("delete element ip kube-proxy cluster-ips { 10.96.0.1 }"));
}

TEST_F(Transcript, HandsAnAddressFromOneToAnotherAtOnce) {
  table_.replace("a", part("10.96.0.1", {"10.1.0.1"}));
  (void)changes();
  table_.replace("b", part("10.96.0.1", {"10.1.0.2"}));
  table_.replace("a", {});
  EXPECT_EQ(changes(),
            "delete element ip kube-proxy service-ips { 10.96.0.1 . tcp . 80 }\n"
            "delete element ip kube-proxy endpoints-tcp { 10.96.0.1 . 80 . 0 }\n"
            "add element ip kube-proxy service-ips { 10.96.0.1 . tcp . 80 : goto to-1 }\n"
            "add element ip kube-proxy endpoints-tcp { 10.96.0.1 . 80 . 0 : 10.1.0.2 . 8080 }\n");
}

TEST_F(Transcript, MakesSetsAnewWhoseTimeoutChanges) {
  Part sticky;
  sticky.elements = {{Container::service_ips, "10.96.0.1 . tcp . 80", "goto service-a/b"}};
  sticky.chains = {{"endpoint-a/b", {"update @affinity-a/b { ip saddr }"}}, {"service-a/b", {"goto endpoint-a/b"}}};
  sticky.affinity = {{"affinity-a/b", 30}};
  table_.replace("a", sticky);
  EXPECT_THAT(changes(), HasSubstr("add set ip kube-proxy affinity-a/b { type ipv4_addr; flags dynamic,timeout; timeout 30s; }\n"));
  sticky.affinity[0].seconds = 60;
  table_.replace("a", sticky);
  const std::string text = changes();
  const auto at = [&](const char* what) { return text.find(what); };
  EXPECT_LT(at("flush chain ip kube-proxy endpoint-a/b"), at("delete set ip kube-proxy affinity-a/b")) << text;
  EXPECT_LT(at("delete set"), at("add set")) << text;
  EXPECT_LT(at("timeout 60s"), at("add rule ip kube-proxy endpoint-a/b update")) << text;
  table_.replace("a", {});
  const std::string last = changes();
  EXPECT_LT(last.find("flush chain ip kube-proxy endpoint-a/b"), last.find("delete set ip kube-proxy affinity-a/b")) << last;
}

TEST_F(Transcript, OfTheWholeIsTheSameAsOfItsParts) {
  table_.replace("a", part("10.96.0.1", {"10.1.0.1"}));
  table_.replace("b", part("10.96.0.2", {"10.1.0.1", "10.1.0.2"}));
  table_.replace("a", {});
  const std::string whole = table_.whole();
  EXPECT_THAT(whole, ::testing::StartsWith("add table ip kube-proxy\ndelete table ip kube-proxy\ntable ip kube-proxy {"));
  EXPECT_THAT(whole, ::testing::EndsWith("add chain ip kube-proxy to-2\n"
                                         "add rule ip kube-proxy to-2 rule of to-2\n"
                                     "add element ip kube-proxy cluster-ips { 10.96.0.2 }\n"
                                     "add element ip kube-proxy service-ips { 10.96.0.2 . tcp . 80 : goto to-2 }\n"
                                     "add element ip kube-proxy endpoints-tcp { 10.96.0.2 . 80 . 0 : 10.1.0.1 . 8080, 10.96.0.2 . 80 . 1 : 10.1.0.2 . 8080 }\n"));
  EXPECT_EQ(changes(), "") << "nothing is left to be done";
  EXPECT_EQ(table_.element_count(), 4u);
}

}  // namespace
}  // namespace plumb::proxy
