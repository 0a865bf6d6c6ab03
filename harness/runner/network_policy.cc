#include "harness/runner/network_policy.h"

#include <nlohmann/json.hpp>

#include "harness/runner/cluster.h"
#include "harness/runner/needs.h"
#include "harness/runner/probe.h"

namespace plumb::harness {
namespace {

// For as long as a network may take to follow.
bool comes_to_answer(Client& client, const std::string& space, const std::string& address, bool wanted) {
  return holds_soon([&] { return host_at(client, space, address, 8080, 1).has_value() == wanted; });
}

Result<std::optional<std::string>> ask_under_policy(Client& client, const Images& images, const std::string& run) {
  const auto nodes = PLUMB_TRY(usable_nodes(client));
  if (nodes.empty()) return std::optional<std::string>("no ready node takes pods");
  Probe probe = PLUMB_TRY(Probe::start(client, "network-policy", run));
  const std::vector<Json> pods = {
      probe_pod(nodes.back(), {{"name", "server"}}, Json::array({probe_container(images, {"serve", "--http", "8080"})})),
      probe_pod(nodes.front(), {{"name", "client"}}, Json::array({probe_container(images, {"pause"})}))};
  const auto ready = [](const Probe::Pods& found) { return are_ready(found, 2); };
  const auto running = PLUMB_TRY(probe.run(pods, ready));
  if (!ready(running)) return std::optional<std::string>("whether network policies hold could not be found: two pods that would show it do not become ready");
  std::string address;
  for (const Json& pod : running)
    if (text_at(pod, "/metadata/name") == "server") address = text_at(pod, "/status/podIP");
  if (!comes_to_answer(client, probe.space(), address, true)) return std::optional<std::string>("whether network policies hold could not be found: one pod gets no answer from another at " + address);
  const Json deny = {{"apiVersion", "networking.k8s.io/v1"}, {"kind", "NetworkPolicy"}, {"metadata", {{"name", "deny"}}},
                     {"spec", {{"podSelector", Json::object()}, {"policyTypes", {"Ingress"}}}}};
  (void)PLUMB_TRY(client.create({"networking.k8s.io/v1", "networkpolicies", probe.space()}, deny));
  if (comes_to_answer(client, probe.space(), address, false)) return std::optional<std::string>();
  return std::optional<std::string>("no network policy: a pod answers although a NetworkPolicy allows no ingress to it; a network plugin that enforces NetworkPolicies is needed");
}

}  // namespace

Result<std::optional<std::string>> missing_network_policy(Client& client, const Images& images, const std::string& run) {
  auto problem = ask_under_policy(client, images, run);
  if (!problem.ok()) return problem.error().in("find out whether NetworkPolicies are enforced");
  return problem;
}

}  // namespace plumb::harness
