#include "conformance/network/network_policies.h"

PLUMB_CONFORMANCE(network, policy_ip_blocks,
                  {.requirement = "An ipBlock MUST allow the addresses of its range but for its exceptions, in both directions; what one rule excepts another one MUST be able to allow.",
                   .covers = {},
                   .needs = {"image", "network-policy"}}) {
  using namespace plumb::harness;
  auto pods = start_peers(c, {"server", "near", "other"});
  const auto alone = [](const Peer& peer) { return peer.address + (peer.address.find(':') == peer.address.npos ? "/32" : "/128"); };
  const std::string all = pods["near"].address.find(':') == std::string::npos ? "0.0.0.0/0" : "::/0";
  const auto block = [](const std::string& cidr, const Json& except = Json::array()) { return Json{{"ipBlock", {{"cidr", cidr}, {"except", except}}}}; };
  const auto from = [&](const Json& peers) {
    put_policy(c, "in", {{"podSelector", selecting("server")}, {"policyTypes", {"Ingress"}}, {"ingress", {{{"from", peers}}}}});
  };
  from(Json::array({block(alone(pods["near"]))}));
  await_denied(c, pods["other"], pods["server"]);
  await_allowed(c, pods["near"], pods["server"]);
  from(Json::array({block(all, {alone(pods["near"])})}));
  await_denied(c, pods["near"], pods["server"]);
  await_allowed(c, pods["other"], pods["server"]);
  from(Json::array({block(all, {alone(pods["near"])}), block(alone(pods["near"]))}));
  await_allowed(c, pods["near"], pods["server"]);
  drop_policy(c, "in");

  const auto to = [&](const Json& peers) {
    put_policy(c, "out", {{"podSelector", selecting("near")}, {"policyTypes", {"Egress"}}, {"egress", {{{"to", peers}}}}});
  };
  to(Json::array({block(alone(pods["server"]))}));
  await_denied(c, pods["near"], pods["other"]);
  await_allowed(c, pods["near"], pods["server"]);
  to(Json::array({block(all, {alone(pods["server"])})}));
  await_denied(c, pods["near"], pods["server"]);
  await_allowed(c, pods["near"], pods["other"]);
}
