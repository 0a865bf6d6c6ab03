#include "conformance/network/network_policies.h"

PLUMB_CONFORMANCE(network, policy_egress,
                  {.requirement = "Egress rules MUST allow their peers and ports alone, also through a Service, whose pods count and not its address; a connection MUST be allowed by its source's "
                                  "egress and by its destination's ingress.",
                   .covers = {},
                   .needs = {"image", "network-policy", "services"}}) {
  using namespace plumb::harness;
  auto pods = start_peers(c, {"server", "near", "other"});
  c.apply("front");
  const Peer through{"front", c.space(), text_at(service_of(c, "front"), "/spec/clusterIP")};
  await_allowed(c, pods["near"], through, 80);
  const auto out = [&](const Json& rules) { put_policy(c, "out", {{"podSelector", selecting("near")}, {"policyTypes", {"Egress"}}, {"egress", rules}}); };
  const auto to = [](const std::string& app, const Json& ports = Json::array()) {
    return Json{{"to", Json::array({{{"podSelector", selecting(app)}}})}, {"ports", ports}};
  };
  out(Json::array({to("server")}));
  await_denied(c, pods["near"], pods["other"]);
  await_allowed(c, pods["near"], pods["server"]);
  await_allowed(c, pods["near"], through, 80);
  EXPECT_TRUE(gets(c, pods["other"], pods["near"])) << "ingress is not concerned";
  out(Json::array({to("other")}));
  await_denied(c, pods["near"], through, 80);
  await_allowed(c, pods["near"], pods["other"]);
  out(Json::array({to("server", Json::array({{{"port", "web"}}})), to("other", Json::array({{{"port", 8081}}}))}));
  await_allowed(c, pods["near"], pods["server"]);
  await_denied(c, pods["near"], pods["other"]);
  EXPECT_TRUE(echoes(c, pods["near"], pods["other"], "tcp", 8081));
  EXPECT_FALSE(echoes(c, pods["near"], pods["server"], "tcp", 8081));
  EXPECT_TRUE(gets(c, pods["near"], through, 80));

  put_policy(c, "in", {{"podSelector", selecting("server")}, {"policyTypes", {"Ingress"}}, {"ingress", {{{"from", Json::array({{{"podSelector", selecting("other")}}})}}}}});
  await_denied(c, pods["near"], pods["server"]);
  EXPECT_TRUE(gets(c, pods["other"], pods["server"]));
}
