#include "reference/proxy/endpoint_choice.h"

#include <algorithm>

namespace plumb::proxy {
namespace {

enum class Topology { none, same_node, same_zone };

bool has(const std::vector<std::string>& names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

Topology topology_of(const std::vector<Endpoint>& endpoints, std::string_view node_name, std::string_view zone) {
  bool some = false, all_for_nodes = true, for_this_node = false, all_for_zones = true, for_this_zone = false;
  for (const Endpoint& one : endpoints) {
    if (!one.ready) continue;
    some = true;
    all_for_nodes &= !one.node_hints.empty();
    for_this_node |= has(one.node_hints, node_name);
    all_for_zones &= !one.zone_hints.empty();
    for_this_zone |= has(one.zone_hints, zone);
  }
  if (some && all_for_nodes && for_this_node) return Topology::same_node;
  if (some && all_for_zones && for_this_zone) return Topology::same_zone;
  return Topology::none;
}

bool fits(const Endpoint& one, Topology topology, std::string_view node_name, std::string_view zone) {
  if (topology == Topology::none) return true;
  return topology == Topology::same_node ? has(one.node_hints, node_name) : has(one.zone_hints, zone);
}

bool is_last_resort(const Endpoint& one) { return one.serving && one.terminating; }

template <class Wanted>
std::vector<const Endpoint*> those(const std::vector<Endpoint>& endpoints, Wanted wanted) {
  std::vector<const Endpoint*> found;
  for (const Endpoint& one : endpoints)
    if (wanted(one)) found.push_back(&one);
  return found;
}

}  // namespace

EndpointChoice choose_endpoints(const ServicePort& port, const std::vector<Endpoint>& endpoints, std::string_view node_name, std::string_view zone) {
  EndpointChoice choice;
  if (port.uses_cluster_endpoints()) {
    const Topology topology = topology_of(endpoints, node_name, zone);
    choice.cluster = those(endpoints, [&](const Endpoint& one) { return one.ready && fits(one, topology, node_name, zone); });
    if (choice.cluster.empty()) choice.cluster = those(endpoints, is_last_resort);
  }
  if (port.uses_local_endpoints()) {
    choice.local = those(endpoints, [](const Endpoint& one) { return one.local && one.ready; });
    if (choice.local.empty()) choice.local = those(endpoints, [](const Endpoint& one) { return one.local && is_last_resort(one); });
  }
  choice.any = std::any_of(endpoints.begin(), endpoints.end(), [](const Endpoint& one) { return one.ready || is_last_resort(one); });
  return choice;
}

}  // namespace plumb::proxy
