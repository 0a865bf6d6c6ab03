#include "reference/cluster/balancer/routes.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/process.h"

namespace plumb::cluster {
namespace {

using nlohmann::json;

// Marks our routes among others; no routing daemon has registered it.
constexpr char protocol[] = "143";

bool is_ready(const corev1::Node& node) {
  for (const corev1::NodeCondition& condition : node.status.conditions)
    if (condition.type == "Ready") return condition.status == corev1::ConditionTrue;
  return false;
}

// Of the nodes that may take packets, by name.
std::map<std::string, std::string> takers(const BalancedObjects& objects, bool v6) {
  std::map<std::string, std::string> addresses;
  for (const auto& node : objects.nodes) {
    if (!is_ready(*node) || node->metadata.deletionTimestamp || node->metadata.labels.contains("node.kubernetes.io/exclude-from-external-load-balancers")) continue;
    for (const corev1::NodeAddress& address : node->status.addresses) {
      const auto ip = address.type == "InternalIP" ? api::Ip::parse(address.address.view()) : std::nullopt;
      if (ip && ip->v6 == v6) addresses.try_emplace(node->metadata.name.str(), ip->text());
    }
  }
  return addresses;
}

// Nodes with endpoints of the Service: ready ones, or where there are none at all, those that serve until they end.
std::set<std::string> homes(const BalancedObjects& objects, const corev1::Service& service) {
  std::set<std::string> ready, serving;
  for (const auto& slice : objects.slices) {
    if (slice->metadata.namespace_ != service.metadata.namespace_ || slice->metadata.labels.get("kubernetes.io/service-name") != service.metadata.name) continue;
    for (const discoveryv1::Endpoint& endpoint : slice->endpoints) {
      if (!endpoint.nodeName) continue;
      const auto& conditions = endpoint.conditions;
      if (conditions.ready.value_or(true)) ready.insert(endpoint.nodeName->str());
      else if (conditions.serving.value_or(false) && conditions.terminating.value_or(false)) serving.insert(endpoint.nodeName->str());
    }
  }
  return ready.empty() ? serving : ready;
}

std::string host_route(const std::string& address) { return address + (address.find(':') == std::string::npos ? "/32" : "/128"); }

}  // namespace

BalancerRoutes balancer_routes(const BalancedObjects& objects, const api::IpRange& range) {
  const auto all = takers(objects, range.network.v6);
  BalancerRoutes routes;
  for (const auto& service : objects.services) {
    if (service->spec.type != corev1::ServiceTypeLoadBalancer) continue;
    NodeAddresses nodes;
    const bool local = service->spec.externalTrafficPolicy == corev1::ServiceExternalTrafficPolicyLocal;
    const std::set<std::string> near = local ? homes(objects, *service) : std::set<std::string>();
    for (const auto& [name, address] : all)
      if (!local || near.count(name)) nodes.push_back(address);
    std::sort(nodes.begin(), nodes.end());
    for (const corev1::LoadBalancerIngress& ingress : service->status.loadBalancer.ingress) {
      const auto ip = api::Ip::parse(ingress.ip.view());
      if (ip && range.contains(*ip) && !nodes.empty()) routes[ip->text()] = nodes;
    }
  }
  return routes;
}

std::string route_changes(const BalancerRoutes& now, const BalancerRoutes& wanted, const std::string& device) {
  std::string text;
  for (const auto& [address, nodes] : now)
    if (!wanted.count(address)) text += "route del " + host_route(address) + " proto " + protocol + "\n";
  for (const auto& [address, nodes] : wanted) {
    const auto found = now.find(address);
    if (found != now.end() && found->second == nodes) continue;
    text += "route replace " + host_route(address) + " proto " + protocol;
    for (const std::string& node : nodes) text += std::string(nodes.size() > 1 ? " nexthop" : "") + " via " + node + " dev " + device;
    text += "\n";
  }
  return text;
}

Status HostRoutes::look() {
  const auto text = PLUMB_TRY(run_checked({"ip", "-j", range_.network.v6 ? "-6" : "-4", "route", "show", "root", range_.text(), "proto", protocol}));
  const json routes = json::parse(text, nullptr, false);
  if (!routes.is_array()) return fail(Code::internal, "reading this machine's routes: `ip -j route` did not print JSON; iproute2 5 or later is needed");
  now_.clear();
  // Through which nodes they lead is not looked at: they are replaced, which interrupts nothing.
  for (const auto& route : routes) now_[route.value("dst", "")] = {};
  now_.erase("");
  known_ = true;
  return {};
}

Status HostRoutes::keep(const BalancerRoutes& wanted) {
  if (!known_) PLUMB_TRY(look());
  const std::string changes = route_changes(now_, wanted, device_);
  if (changes.empty()) return {};
  const auto changed = run_checked({"ip", "-batch", "-"}, {.input = changes});
  known_ = changed.ok();
  if (!changed.ok()) return changed.error();
  now_ = wanted;
  return {};
}

}  // namespace plumb::cluster
