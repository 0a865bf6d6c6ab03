#include "conformance/network/network_policies.h"

PLUMB_CONFORMANCE(network, policy_updates,
                  {.requirement = "Changes of a NetworkPolicy, and of the labels by which it selects pods, MUST take effect on pods that run, and a pod that comes later MUST be held to it from its start.",
                   .covers = {},
                   .needs = {"image", "network-policy"}}) {
  using namespace plumb::harness;
  auto pods = start_peers(c, {"server", "near"});
  const auto allow = [&](const std::string& selected, const std::string& app) {
    put_policy(c, "allow", {{"podSelector", selecting(selected)}, {"policyTypes", {"Ingress"}}, {"ingress", {{{"from", Json::array({{{"podSelector", selecting(app)}}})}}}}});
  };
  allow("server", "nobody");
  await_denied(c, pods["near"], pods["server"]);
  allow("server", "near");
  await_allowed(c, pods["near"], pods["server"]);
  c.step("a pod that comes later");
  pods.merge(start_peers(c, {"other"}));
  EXPECT_FALSE(gets(c, pods["other"], pods["server"]));
  allow("server", "other");
  await_allowed(c, pods["other"], pods["server"]);
  await_denied(c, pods["near"], pods["server"]);
  c.step("labels of the selected pod");
  const auto relabel = [&](const std::string& app) { c.must(c.client().patch(c.pods(), "server", PatchKind::merge, {{"metadata", {{"labels", {{"app", app}}}}}})); };
  relabel("free");
  await_allowed(c, pods["near"], pods["server"]);
  relabel("server");
  await_denied(c, pods["near"], pods["server"]);
  c.step("whom the policy selects");
  allow("near", "other");
  await_allowed(c, pods["near"], pods["server"]);
  await_denied(c, pods["server"], pods["near"]);
  drop_policy(c, "allow");
  await_allowed(c, pods["server"], pods["near"]);
}
