#include "conformance/network/network_policies.h"

PLUMB_CONFORMANCE(network, policy_additive,
                  {.requirement = "Of several NetworkPolicies that select a pod each MUST add what it allows, whatever the others leave out, and a policy MUST concern pods of its own namespace alone.",
                   .covers = {},
                   .needs = {"image", "network-policy"}}) {
  using namespace plumb::harness;
  auto pods = start_peers(c, {"server", "near", "other"});
  const auto from = [](const std::string& app, int port) {
    return Json{{"from", Json::array({{{"podSelector", selecting(app)}}})}, {"ports", Json::array({{{"port", port}}})}};
  };
  put_policy(c, "deny", {{"podSelector", Json::object()}, {"policyTypes", {"Ingress", "Egress"}}});
  await_denied(c, pods["near"], pods["server"]);
  put_policy(c, "leave", {{"podSelector", Json::object()}, {"policyTypes", {"Egress"}}, {"egress", Json::array({Json::object()})}});
  put_policy(c, "one", {{"podSelector", selecting("server")}, {"policyTypes", {"Ingress"}}, {"ingress", Json::array({from("near", 8080)})}});
  await_allowed(c, pods["near"], pods["server"]);
  EXPECT_FALSE(gets(c, pods["other"], pods["server"]));
  EXPECT_FALSE(echoes(c, pods["near"], pods["server"], "tcp", 8081));
  put_policy(c, "two", {{"podSelector", selecting("server")}, {"policyTypes", {"Ingress"}}, {"ingress", Json::array({from("near", 8081), from("other", 8080)})}});
  await_allowed(c, pods["other"], pods["server"]);
  EXPECT_TRUE(echoes(c, pods["near"], pods["server"], "tcp", 8081));
  EXPECT_TRUE(gets(c, pods["near"], pods["server"]));
  EXPECT_FALSE(echoes(c, pods["other"], pods["server"], "tcp", 8081));
  EXPECT_FALSE(gets(c, pods["server"], pods["near"])) << "nothing allows ingress to it";
  drop_policy(c, "one");
  await_denied(c, pods["near"], pods["server"]);
  EXPECT_TRUE(echoes(c, pods["near"], pods["server"], "tcp", 8081));
}
