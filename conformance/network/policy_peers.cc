#include "conformance/network/network_policies.h"

PLUMB_CONFORMANCE(network, policy_peers,
                  {.requirement = "A rule's peers MUST be the pods that podSelector selects in the policy's namespace, all pods of the namespaces that namespaceSelector selects, and with both "
                                  "only those that both select, by matchLabels and matchExpressions alike, as the labels of pods and namespaces are now.",
                   .covers = {},
                   .needs = {"image", "network-policy"}}) {
  using namespace plumb::harness;
  auto pods = start_peers(c, {"server", "near", "other"});
  const Peer guest = start_peer_elsewhere(c, "guest", "friends");
  const auto allow = [&](const Json& peer) {
    put_policy(c, "allow", {{"podSelector", selecting("server")}, {"policyTypes", {"Ingress"}}, {"ingress", {{{"from", Json::array({peer})}}}}});
  };
  const auto expect = [&](bool near, bool other, bool elsewhere) {
    for (const auto& [from, allowed] : {std::pair(pods["near"], near), std::pair(pods["other"], other), std::pair(guest, elsewhere)}) {
      if (allowed) await_allowed(c, from, pods["server"]);
      else await_denied(c, from, pods["server"]);
    }
  };
  c.step("pods");
  allow({{"podSelector", selecting("near")}});
  expect(true, false, false);
  allow({{"podSelector", {{"matchExpressions", {{{"key", "app"}, {"operator", "In"}, {"values", {"other", "guest"}}}}}}}});
  expect(false, true, false);
  c.step("namespaces");
  allow({{"namespaceSelector", {{"matchLabels", {{"team", "friends"}}}}}});
  expect(false, false, true);
  allow({{"namespaceSelector", {{"matchExpressions", {{{"key", "kubernetes.io/metadata.name"}, {"operator", "NotIn"}, {"values", {guest.space}}}}}}}});
  expect(true, true, false);
  c.step("both");
  allow({{"namespaceSelector", Json::object()}, {"podSelector", selecting("guest")}});
  expect(false, false, true);
  allow({{"namespaceSelector", {{"matchLabels", {{"team", "friends"}}}}}, {"podSelector", selecting("near")}});
  expect(false, false, false);

  c.step("labels that change");
  allow({{"namespaceSelector", {{"matchLabels", {{"team", "friends"}}}}}});
  expect(false, false, true);
  const auto team = [&](const std::string& name) { c.must(c.client().patch({"v1", "namespaces", ""}, guest.space, PatchKind::merge, {{"metadata", {{"labels", {{"team", name}}}}}})); };
  team("strangers");
  expect(false, false, false);
  team("friends");
  expect(false, false, true);
  allow({{"podSelector", {{"matchLabels", {{"pass", "yes"}}}}}});
  expect(false, false, false);
  c.must(c.client().patch(c.pods(), "other", PatchKind::merge, {{"metadata", {{"labels", {{"pass", "yes"}}}}}}));
  expect(false, true, false);
}
