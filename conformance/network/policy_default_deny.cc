#include "conformance/network/network_policies.h"

PLUMB_CONFORMANCE(network, policy_default_deny,
                  {.requirement = "A NetworkPolicy without rules MUST keep all traffic from the pods it selects in the direction it names and no other, not the node's probes and no answers, "
                                  "until it goes or another one allows everything.",
                   .covers = {},
                   .needs = {"image", "network-policy"}}) {
  using namespace plumb::harness;
  put_policy(c, "deny", {{"podSelector", selecting("server")}, {"policyTypes", {"Ingress"}}});
  // It becomes ready by the node's probe.
  auto pods = start_peers(c, {"server", "near"});
  await_denied(c, pods["near"], pods["server"]);
  EXPECT_FALSE(echoes(c, pods["near"], pods["server"], "tcp", 8081));
  EXPECT_FALSE(echoes(c, pods["near"], pods["server"], "udp", 8082));
  EXPECT_TRUE(gets(c, pods["server"], pods["near"])) << "egress is not concerned, and answers pass";
  put_policy(c, "open", {{"podSelector", Json::object()}, {"policyTypes", {"Ingress"}}, {"ingress", Json::array({Json::object()})}});
  await_allowed(c, pods["near"], pods["server"]);
  drop_policy(c, "open");
  await_denied(c, pods["near"], pods["server"]);

  put_policy(c, "deny", {{"podSelector", selecting("server")}, {"policyTypes", {"Egress"}}});
  await_allowed(c, pods["near"], pods["server"]);
  await_denied(c, pods["server"], pods["near"]);
  put_policy(c, "open", {{"podSelector", Json::object()}, {"policyTypes", {"Egress"}}, {"egress", Json::array({Json::object()})}});
  await_allowed(c, pods["server"], pods["near"]);
  drop_policy(c, "open");
  await_denied(c, pods["server"], pods["near"]);
  drop_policy(c, "deny");
  await_allowed(c, pods["server"], pods["near"]);
}
