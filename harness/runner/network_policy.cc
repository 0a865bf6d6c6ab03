#include "harness/runner/network_policy.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/runner/cluster.h"
#include "harness/runner/needs.h"
#include "harness/runner/probe.h"

namespace plumb::harness {
namespace {

Json container(const Images& images, Json args) { return {{"name", "main"}, {"image", images.first}, {"imagePullPolicy", "IfNotPresent"}, {"args", std::move(args)}}; }

bool answers(Client& client, const std::string& space, const std::string& address) {
  const std::string host = address.find(':') == address.npos ? address : "[" + address + "]";
  const auto asked = client.exec(space, "client", {"/plumb-test", "get", "http://" + host + ":8080/hostname", "--timeout", "1"});
  return asked.ok() && asked->exit_code == 0;
}

// For as long as a network may take to follow.
bool becomes(Client& client, const std::string& space, const std::string& address, bool wanted) {
  const Instant until = real_clock().now() + timeouts::service_leads;
  do {
    if (answers(client, space, address) == wanted) return true;
    std::this_thread::sleep_for(timeouts::poll);
  } while (real_clock().now() < until);
  return false;
}

Result<std::optional<std::string>> ask(Client& client, const Images& images, const std::string& run) {
  const auto nodes = PLUMB_TRY(usable_nodes(client));
  if (nodes.empty()) return std::optional<std::string>("no ready node takes pods");
  Probe probe = PLUMB_TRY(Probe::start(client, "network-policy", run));
  const std::vector<Json> pods = {
      probe_pod(nodes.back(), {{"name", "server"}}, Json::array({container(images, {"serve", "--http", "8080"})})),
      probe_pod(nodes.front(), {{"name", "client"}}, Json::array({container(images, {"pause"})}))};
  const auto ready = [](const Probe::Pods& found) {
    return found.size() == 2 && std::all_of(found.begin(), found.end(), [](const Json& pod) { return has_condition(pod, "Ready"); });
  };
  const auto running = PLUMB_TRY(probe.run(pods, ready));
  if (!ready(running)) return std::optional<std::string>("whether network policies hold could not be found: two pods that would show it do not become ready");
  std::string address;
  for (const Json& pod : running)
    if (text_at(pod, "/metadata/name") == "server") address = text_at(pod, "/status/podIP");
  if (!becomes(client, probe.space(), address, true)) return std::optional<std::string>("whether network policies hold could not be found: one pod gets no answer from another at " + address);
  const Json deny = {{"apiVersion", "networking.k8s.io/v1"}, {"kind", "NetworkPolicy"}, {"metadata", {{"name", "deny"}}},
                     {"spec", {{"podSelector", Json::object()}, {"policyTypes", {"Ingress"}}}}};
  (void)PLUMB_TRY(client.create({"networking.k8s.io/v1", "networkpolicies", probe.space()}, deny));
  if (becomes(client, probe.space(), address, false)) return std::optional<std::string>();
  return std::optional<std::string>("no network policy: a pod answers although a NetworkPolicy allows no ingress to it; a network plugin that enforces NetworkPolicies is needed");
}

}  // namespace

Result<std::optional<std::string>> missing_network_policy(Client& client, const Images& images, const std::string& run) {
  auto problem = ask(client, images, run);
  if (!problem.ok()) return problem.error().in("find out whether NetworkPolicies are enforced");
  return problem;
}

}  // namespace plumb::harness
