#include "conformance/network/network_policies.h"

PLUMB_CONFORMANCE(network, policy_ports,
                  {.requirement = "A rule's ports MUST be allowed by number, by the pod's name for them, and from port to endPort, for their protocol (TCP where none is named) and for no other.",
                   .covers = {},
                   .needs = {"image", "network-policy"}}) {
  using namespace plumb::harness;
  auto pods = start_peers(c, {"server", "near"});
  const Peer &near = pods["near"], &server = pods["server"];
  const auto expect = [&](const Json& ports, bool http, bool tcp, bool udp) {
    c.step(ports.dump());
    put_policy(c, "allow", {{"podSelector", selecting("server")}, {"policyTypes", {"Ingress"}}, {"ingress", {{{"ports", ports}}}}});
    c.eventually("exactly these ports to answer: " + ports.dump(), [&] {
      return gets(c, near, server) == http && echoes(c, near, server, "tcp", 8081) == tcp && echoes(c, near, server, "udp", 8082) == udp;
    });
  };
  expect(Json::array({{{"port", 8080}}}), true, false, false);
  expect(Json::array({{{"port", "echo"}}}), false, true, false);
  expect(Json::array({{{"port", "datagrams"}, {"protocol", "UDP"}}}), false, false, true);
  expect(Json::array({{{"port", "datagrams"}, {"protocol", "TCP"}}}), false, false, false);
  expect(Json::array({{{"port", 8082}}, {{"port", 8081}}}), false, true, false);
  expect(Json::array({{{"port", 8080}, {"endPort", 8082}}}), true, true, false);
  expect(Json::array({{{"port", 8081}, {"endPort", 8090}, {"protocol", "UDP"}}}), false, false, true);
  expect(Json::array({{{"protocol", "TCP"}}}), true, true, false);
  expect(Json::array({{{"protocol", "UDP"}}, {{"port", "web"}}}), true, false, true);
}
