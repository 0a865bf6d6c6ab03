#include "reference/resources/services/carry_over.h"

#include <algorithm>
#include <map>
#include <set>

#include "reference/resources/services/service_rules.h"

namespace plumb::resources {
namespace {

std::set<std::int32_t> node_ports(const corev1::ServiceSpec& spec) {
  std::set<std::int32_t> ports;
  for (const auto& port : spec.ports)
    if (port.nodePort) ports.insert(port.nodePort);
  return ports;
}

// By the port's name, whatever else of it changed; one that another port asks for is not taken from it.
void keep_node_ports(corev1::ServiceSpec& next, const corev1::ServiceSpec& previous) {
  const std::set<std::int32_t> asked = node_ports(next);
  std::map<std::string_view, std::int32_t> by_name;
  for (const auto& port : previous.ports) by_name[port.name] = port.nodePort;
  for (auto& port : next.ports) {
    if (port.nodePort) continue;
    const auto old = by_name.find(port.name);
    if (old != by_name.end() && !asked.contains(old->second)) port.nodePort = old->second;
  }
}

void follow_cluster_ip(corev1::ServiceSpec& next, const corev1::ServiceSpec& previous) {
  if (next.clusterIP == previous.clusterIP || !(next.clusterIPs == previous.clusterIPs)) return;
  next.clusterIPs.clear();
  if (!next.clusterIP.empty()) next.clusterIPs.push_back(next.clusterIP);
}

}  // namespace

void complete_cluster_ips(corev1::ServiceSpec& spec) {
  if (!spec.clusterIP.empty() && spec.clusterIPs.empty()) spec.clusterIPs.push_back(spec.clusterIP);
}

void keep_allocated(corev1::ServiceSpec& next, const corev1::ServiceSpec& previous) {
  if (has_cluster_ip(next) && has_cluster_ip(previous)) {
    if (next.clusterIP.empty()) next.clusterIP = previous.clusterIP;
    if (next.clusterIPs.empty()) next.clusterIPs = previous.clusterIPs;
  }
  if (has_node_ports(next) && has_node_ports(previous)) keep_node_ports(next, previous);
  if (has_health_check_port(next) && has_health_check_port(previous) && !next.healthCheckNodePort) next.healthCheckNodePort = previous.healthCheckNodePort;
  follow_cluster_ip(next, previous);
}

void drop_type_dependent(corev1::Service& next, const corev1::Service& previous) {
  auto& spec = next.spec;
  const auto& before = previous.spec;
  if (has_cluster_ip(before) && !has_cluster_ip(spec)) {
    if (spec.clusterIP == before.clusterIP && spec.clusterIPs == before.clusterIPs) {
      spec.clusterIP.reset();
      spec.clusterIPs.clear();
    }
    if (spec.ipFamilies == before.ipFamilies) spec.ipFamilies.clear();
    if (spec.ipFamilyPolicy == before.ipFamilyPolicy) spec.ipFamilyPolicy.reset();
  }
  if (has_node_ports(before) && !has_node_ports(spec)) {
    const auto now = node_ports(spec), old = node_ports(before);
    if (std::includes(old.begin(), old.end(), now.begin(), now.end()))
      for (auto& port : spec.ports) port.nodePort = 0;
  }
  if (has_health_check_port(before) && !has_health_check_port(spec) && spec.healthCheckNodePort == before.healthCheckNodePort) spec.healthCheckNodePort = 0;
  if (before.type == "LoadBalancer" && spec.type != "LoadBalancer") {
    if (spec.allocateLoadBalancerNodePorts == before.allocateLoadBalancerNodePorts) spec.allocateLoadBalancerNodePorts.reset();
    if (spec.loadBalancerClass == before.loadBalancerClass) spec.loadBalancerClass.reset();
  }
  if (is_externally_accessible(before) && !is_externally_accessible(spec) && spec.externalTrafficPolicy == before.externalTrafficPolicy)
    spec.externalTrafficPolicy.reset();
  if (spec.type != "LoadBalancer") next.status.loadBalancer = {};
}

}  // namespace plumb::resources
