#include "reference/resources/services/service_rules.h"

#include <set>
#include <tuple>

#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/label_selector.h"

namespace plumb::resources {
namespace {

const FieldPath spec_path("spec");
const FieldPath ports_path("spec.ports");

bool has_cluster_ip(const corev1::ServiceSpec& spec) { return spec.type != "ExternalName"; }
bool has_node_ports(const corev1::ServiceSpec& spec) { return spec.type == "NodePort" || spec.type == "LoadBalancer"; }
bool is_headless(const corev1::ServiceSpec& spec) { return spec.clusterIP == "None"; }

void check_port(const corev1::ServicePort& port, bool needs_name, const FieldPath& path, FieldErrors& errors) {
  if (needs_name && port.name.empty()) errors.required(path.child("name"));
  if (!port.name.empty()) check_text(api::check_dns1123_label(port.name), path.child("name"), port.name, errors);
  check_number(api::check_port_number(port.port), path.child("port"), port.port, errors);
  check_port_number_or_name(port.targetPort, path.child("targetPort"), errors);
}

void check_ports(const corev1::ServiceSpec& spec, FieldErrors& errors) {
  std::set<std::string_view> names;
  std::set<std::tuple<std::int32_t, std::string_view>> numbers, node_ports;
  for (std::size_t i = 0; i < spec.ports.size(); ++i) {
    const auto& port = spec.ports[i];
    const FieldPath at = ports_path.index(i);
    check_port(port, spec.ports.size() > 1, at, errors);
    if (!port.name.empty() && !names.insert(port.name).second) errors.duplicate(at.child("name"), quoted(port.name));
    if (!numbers.emplace(port.port, port.protocol).second)
      errors.duplicate(at, "{\"name\":" + quoted(port.name) + ",\"protocol\":" + quoted(port.protocol) + ",\"port\":" + std::to_string(port.port) + "}");
    if (!port.nodePort) continue;
    if (!has_node_ports(spec))
      errors.forbidden(at.child("nodePort"), "may not be used when `type` is '" + spec.type.str() + "'");
    else if (!node_ports.emplace(port.nodePort, port.protocol).second)
      errors.duplicate(at.child("nodePort"), std::to_string(port.nodePort));
  }
}

void check_type(const corev1::ServiceSpec& spec, FieldErrors& errors) {
  if (spec.type == "ExternalName") {
    if (!spec.clusterIP.empty()) errors.forbidden(spec_path.child("clusterIP"), "may not be set when `type` is 'ExternalName'");
    if (spec.externalName.empty()) return errors.required(spec_path.child("externalName"));
    std::string_view name = spec.externalName;
    if (name.ends_with('.')) name.remove_suffix(1);
    return check_text(api::check_dns1123_subdomain(name), spec_path.child("externalName"), spec.externalName, errors);
  }
  if (!is_headless(spec) && spec.ports.empty()) errors.required(ports_path);
  if (is_headless(spec) && has_node_ports(spec))
    errors.invalid(spec_path.child("clusterIPs").index(0), quoted("None"), "may not be set to 'None' for " + spec.type.str() + " services");
}

void check_affinity(const corev1::ServiceSpec& spec, FieldErrors& errors) {
  const FieldPath path = spec_path.child("sessionAffinityConfig");
  if (spec.sessionAffinity.empty()) errors.required(spec_path.child("sessionAffinity"));
  if (spec.sessionAffinity != "ClientIP" || !spec.sessionAffinityConfig || !spec.sessionAffinityConfig->clientIP) return;
  const auto& seconds = spec.sessionAffinityConfig->clientIP->timeoutSeconds;
  if (seconds && (*seconds <= 0 || *seconds > 86400))
    errors.invalid(path.child("clientIP").child("timeoutSeconds"), std::to_string(*seconds), "must be greater than 0 and less than 86400");
}

void check_addresses(const corev1::ServiceSpec& spec, FieldErrors& errors) {
  if (!spec.clusterIP.empty() && !is_headless(spec))
    check_text(api::check_ip(spec.clusterIP), spec_path.child("clusterIPs").index(0), spec.clusterIP, errors);
  if (!spec.clusterIPs.empty() && spec.clusterIPs.front() != spec.clusterIP)
    errors.invalid(spec_path.child("clusterIPs"), "[" + quoted(spec.clusterIPs.front()) + "]", "first value must match `clusterIP`");
  for (std::size_t i = 0; i < spec.externalIPs.size(); ++i)
    check_text(api::check_ip(spec.externalIPs[i]), spec_path.child("externalIPs").index(i), spec.externalIPs[i], errors);
  for (std::size_t i = 0; i < spec.loadBalancerSourceRanges.size(); ++i)
    check_text(api::check_cidr(spec.loadBalancerSourceRanges[i]), spec_path.child("loadBalancerSourceRanges").index(i), spec.loadBalancerSourceRanges[i], errors);
  const bool external = has_node_ports(spec) || (spec.type == "ClusterIP" && !spec.externalIPs.empty());
  if (!external && !spec.externalTrafficPolicy.empty())
    errors.invalid(spec_path.child("externalTrafficPolicy"), quoted(spec.externalTrafficPolicy), "may only be set for externally-accessible services");
  if (spec.loadBalancerClass && spec.type != "LoadBalancer")
    errors.forbidden(spec_path.child("loadBalancerClass"), "may only be used when `type` is 'LoadBalancer'");
  if (spec.allocateLoadBalancerNodePorts && spec.type != "LoadBalancer")
    errors.forbidden(spec_path.child("allocateLoadBalancerNodePorts"), "may only be used when `type` is 'LoadBalancer'");
}

void keep_node_ports(corev1::ServiceSpec& next, const corev1::ServiceSpec& previous) {
  for (auto& port : next.ports)
    for (const auto& old : previous.ports)
      if (!port.nodePort && port.port == old.port && port.protocol == old.protocol && port.name == old.name) port.nodePort = old.nodePort;
}

}  // namespace

void carry_over(corev1::Service& next, const corev1::Service& previous) {
  auto& spec = next.spec;
  const auto& before = previous.spec;
  const bool was_same_type = spec.type == before.type;
  if (has_cluster_ip(spec) && has_cluster_ip(before)) {
    if (spec.clusterIP.empty()) spec.clusterIP = before.clusterIP;
    if (spec.clusterIPs.empty() && spec.clusterIP == before.clusterIP) spec.clusterIPs = before.clusterIPs;
    if (spec.ipFamilies.empty()) spec.ipFamilies = before.ipFamilies;
    if (!spec.ipFamilyPolicy) spec.ipFamilyPolicy = before.ipFamilyPolicy;
  }
  if (has_node_ports(spec) && has_node_ports(before)) keep_node_ports(spec, before);
  if (spec.healthCheckNodePort == 0 && was_same_type) spec.healthCheckNodePort = before.healthCheckNodePort;
  if (was_same_type) return;
  // What a type change leaves behind, as far as the client did not set it anew.
  if (!has_cluster_ip(spec) && spec.clusterIP == before.clusterIP) {
    spec.clusterIP.reset();
    spec.clusterIPs.clear();
    spec.ipFamilies.clear();
    spec.ipFamilyPolicy.reset();
  }
  if (!has_node_ports(spec) && has_node_ports(before)) {
    for (auto& port : spec.ports) port.nodePort = 0;
    if (spec.externalIPs.empty()) spec.externalTrafficPolicy.reset();
  }
  if (spec.type != "LoadBalancer") {
    spec.allocateLoadBalancerNodePorts.reset();
    spec.loadBalancerClass.reset();
    spec.healthCheckNodePort = 0;
    next.status.loadBalancer = {};
  }
}

void check_service(const corev1::Service& service, FieldErrors& errors) {
  const auto& spec = service.spec;
  check_type(spec, errors);
  check_ports(spec, errors);
  check_labels(spec.selector, spec_path.child("selector"), errors);
  check_affinity(spec, errors);
  check_addresses(spec, errors);
}

void check_service_update(const corev1::Service& next, const corev1::Service& previous, FieldErrors& errors) {
  const auto &spec = next.spec, &before = previous.spec;
  if (!has_cluster_ip(spec) || !has_cluster_ip(before) || before.clusterIP.empty()) return;
  if (spec.clusterIP != before.clusterIP)
    errors.invalid(spec_path.child("clusterIPs").index(0), quoted(spec.clusterIP), "may not change once set");
  if (spec.type == "LoadBalancer" && before.type == "LoadBalancer")
    check_immutable(!(spec.loadBalancerClass == before.loadBalancerClass), spec_path.child("loadBalancerClass"),
                    spec.loadBalancerClass ? quoted(*spec.loadBalancerClass) : "null", errors);
}

}  // namespace plumb::resources
