#include "reference/proxy/conntrack.h"

#include <gtest/gtest.h>

#include "reference/proxy/testing.h"

namespace plumb::proxy {
namespace {

using namespace testing;

TEST(Conntrack, KnowsWhichFlowsLeadNowhere) {
  UdpPlaces places;
  const Target vip{ip("10.96.0.10"), 53}, gone{ip("10.96.0.11"), 53}, live{ip("10.1.0.1"), 5353}, dead{ip("10.1.0.2"), 5353};
  places.addresses[vip] = {live};
  places.addresses[gone] = {};
  places.node_ports[30053] = {live};
  const auto is_node = [](const api::Ip& address) { return address == ip("192.0.2.10"); };
  struct Row {
    const char* what;
    Flow flow;
    bool stale;
  };
  const std::vector<Row> rows{
      {"to an endpoint", {vip, live}, false},
      {"to one that is gone", {vip, dead}, true},
      {"to the address itself, from before there were endpoints", {vip, vip}, true},
      {"of a Service that is gone", {gone, live}, true},
      {"of another Service", {{ip("10.96.0.12"), 53}, dead}, false},
      {"of another port", {{vip.ip, 54}, dead}, false},
      {"by a node port to an endpoint", {{ip("192.0.2.10"), 30053}, live}, false},
      {"by a node port to one that is gone", {{ip("192.0.2.10"), 30053}, dead}, true},
      {"to the same port somewhere else", {{ip("203.0.113.1"), 30053}, {ip("203.0.113.1"), 30053}}, false},
  };
  for (const Row& row : rows) EXPECT_EQ(is_stale(row.flow, places, is_node), row.stale) << row.what;
}

}  // namespace
}  // namespace plumb::proxy
