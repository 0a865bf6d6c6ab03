#include "reference/proxy/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/proxy/testing.h"

namespace plumb::proxy {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

ServicePort at(const std::string& external_ip) {
  ServicePort port{.namespace_ = "ns", .service = "x", .name = "web", .protocol = Protocol::tcp, .port = 80};
  port.external_ips = {ip(external_ip)};
  return port;
}

TEST(Claims, GoToTheFirstAndThenToTheNext) {
  Claims claims;
  EXPECT_THAT(claims.set("a", {at("192.0.2.1"), at("192.0.2.2")}), IsEmpty());
  EXPECT_THAT(claims.set("b", {at("192.0.2.1")}), IsEmpty());
  ServicePort first = at("192.0.2.1"), second = at("192.0.2.1");
  EXPECT_EQ(claims.withhold("a", first), "");
  EXPECT_EQ(first.external_ips.size(), 1u);
  EXPECT_EQ(claims.withhold("b", second), "192.0.2.1 tcp 80");
  EXPECT_THAT(second.external_ips, IsEmpty());
  EXPECT_THAT(claims.set("a", {at("192.0.2.2")}), ElementsAre("b"));
  second = at("192.0.2.1");
  EXPECT_EQ(claims.withhold("b", second), "");
  EXPECT_THAT(claims.set("b", {}), IsEmpty());
  EXPECT_THAT(claims.set("b", {}), IsEmpty());
}

TEST(Claims, AreOfAProtocolAndAPort) {
  Claims claims;
  ServicePort udp = at("192.0.2.1"), other = at("192.0.2.1"), tcp = at("192.0.2.1");
  udp.protocol = Protocol::udp;
  other.port = 81;
  (void)claims.set("a", {tcp});
  (void)claims.set("b", {udp, other});
  EXPECT_EQ(claims.withhold("b", udp), "");
  EXPECT_EQ(claims.withhold("b", other), "");
  tcp.node_port = 30000;
  (void)claims.set("a", {tcp});
  ServicePort late = tcp;
  (void)claims.set("c", {late});
  EXPECT_NE(claims.withhold("c", late), "");
  EXPECT_EQ(late.node_port, 0);
}

}  // namespace
}  // namespace plumb::proxy
