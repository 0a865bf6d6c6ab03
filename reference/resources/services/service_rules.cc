#include "reference/resources/services/service_rules.h"

#include <set>
#include <tuple>

#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/label_selector.h"

namespace plumb::resources {
namespace {

const FieldPath ports_path("spec.ports");
constexpr std::int32_t kubelet_port = 10250;
constexpr std::string_view topology_mode = "service.kubernetes.io/topology-mode", topology_hints = "service.kubernetes.io/topology-aware-hints";
constexpr std::string_view source_ranges = "service.beta.kubernetes.io/load-balancer-source-ranges";
constexpr const char* only_load_balancer = "may only be used when `type` is 'LoadBalancer'";

void check_topology_annotations(const corev1::Service& service, FieldErrors& errors) {
  const auto *mode = service.metadata.annotations.find(topology_mode), *hints = service.metadata.annotations.find(topology_hints);
  if (mode && hints && *mode != *hints)
    errors.invalid(FieldPath("metadata").child("annotations").key(topology_mode), quoted(*mode),
                   "must match annotations[" + std::string(topology_hints) + "] when both are specified");
}

void check_external_name(const corev1::ServiceSpec& spec, FieldErrors& errors) {
  const auto none = [&](bool empty, std::string_view field) {
    if (!empty) errors.forbidden(spec_path.child(field), "may not be set for ExternalName services");
  };
  none(spec.clusterIPs.empty() && spec.clusterIP.empty(), "clusterIPs");
  none(spec.ipFamilies.empty(), "ipFamilies");
  none(!spec.ipFamilyPolicy, "ipFamilyPolicy");
  std::string_view name = spec.externalName;
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty()) return errors.required(spec_path.child("externalName"));
  check_text(api::check_dns1123_subdomain(name), spec_path.child("externalName"), name, errors);
}

void check_type(const corev1::ServiceSpec& spec, FieldErrors& errors) {
  if (spec.type == "ExternalName") return check_external_name(spec, errors);
  if (spec.ports.empty() && !is_headless(spec)) errors.required(ports_path);
  for (std::size_t i = 0; spec.type == "LoadBalancer" && i < spec.ports.size(); ++i)
    if (spec.ports[i].port == kubelet_port)
      errors.invalid(ports_path.index(i), std::to_string(kubelet_port), "may not expose port 10250 externally since it is used by kubelet");
  if (is_headless(spec) && has_node_ports(spec))
    errors.invalid(spec_path.child("clusterIPs").index(0), quoted("None"), "may not be set to 'None' for " + spec.type.str() + " services");
}

void check_port(const corev1::ServicePort& port, bool needs_name, std::set<std::string_view>& names, const FieldPath& path, FieldErrors& errors) {
  if (needs_name && port.name.empty()) errors.required(path.child("name"));
  if (!port.name.empty()) {
    check_text(api::check_dns1123_label(port.name), path.child("name"), port.name, errors);
    if (!names.insert(port.name).second) errors.duplicate(path.child("name"), quoted(port.name));
  }
  check_number(api::check_port_number(port.port), path.child("port"), port.port, errors);
  check_required(port.protocol, path.child("protocol"), errors);
  check_port_number_or_name(port.targetPort, path.child("targetPort"), errors);
  if (port.appProtocol) check_text(api::check_qualified_name(*port.appProtocol), path.child("appProtocol"), *port.appProtocol, errors);
}

void check_ports(const corev1::ServiceSpec& spec, FieldErrors& errors) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < spec.ports.size(); ++i) check_port(spec.ports[i], spec.ports.size() > 1, names, ports_path.index(i), errors);
  for (std::size_t i = 0; spec.type == "ClusterIP" && i < spec.ports.size(); ++i)
    if (spec.ports[i].nodePort) errors.forbidden(ports_path.index(i).child("nodePort"), "may not be used when `type` is 'ClusterIP'");
  std::set<std::tuple<std::int32_t, std::string_view>> numbers, node_ports;
  for (std::size_t i = 0; i < spec.ports.size(); ++i)
    if (const auto& port = spec.ports[i]; port.nodePort && !node_ports.emplace(port.nodePort, port.protocol).second)
      errors.duplicate(ports_path.index(i).child("nodePort"), std::to_string(port.nodePort));
  for (std::size_t i = 0; i < spec.ports.size(); ++i)
    if (const auto& port = spec.ports[i]; !numbers.emplace(port.port, port.protocol).second)
      errors.duplicate(ports_path.index(i), "{\"protocol\":" + quoted(port.protocol) + ",\"port\":" + std::to_string(port.port) + ",\"targetPort\":0}");
}

void check_affinity(const corev1::ServiceSpec& spec, FieldErrors& errors) {
  const FieldPath path = spec_path.child("sessionAffinityConfig");
  if (spec.sessionAffinity.empty()) errors.required(spec_path.child("sessionAffinity"));
  if (spec.sessionAffinity == "None" && spec.sessionAffinityConfig) errors.forbidden(path, "must not be set when session affinity is None");
  if (spec.sessionAffinity != "ClientIP") return;
  const std::string_view when = "when session affinity type is ClientIP";
  if (!spec.sessionAffinityConfig) return errors.required(path, when);
  if (!spec.sessionAffinityConfig->clientIP) return errors.required(path.child("clientIP"), when);
  const FieldPath at = path.child("clientIP").child("timeoutSeconds");
  const auto& seconds = spec.sessionAffinityConfig->clientIP->timeoutSeconds;
  if (!seconds) return errors.required(at, when);
  if (*seconds <= 0 || *seconds > 86400) errors.invalid(at, std::to_string(*seconds), "must be greater than 0 and less than 86400");
}

void check_source_ranges(const corev1::Service& service, FieldErrors& errors) {
  const auto& ranges = service.spec.loadBalancerSourceRanges;
  const FieldPath path = spec_path.child("loadBalancerSourceRanges");
  if (!ranges.empty()) {
    if (service.spec.type != "LoadBalancer") errors.forbidden(path, only_load_balancer);
    for (std::size_t i = 0; i < ranges.size(); ++i) check_text(api::check_cidr(ranges[i]), path.index(i), ranges[i], errors);
  } else if (service.metadata.annotations.contains(source_ranges) && service.spec.type != "LoadBalancer") {
    errors.forbidden(FieldPath("metadata").child("annotations").key(source_ranges), only_load_balancer);
  }
}

void check_load_balancer(const corev1::Service& service, FieldErrors& errors) {
  const auto& spec = service.spec;
  check_source_ranges(service, errors);
  const FieldPath allocate = spec_path.child("allocateLoadBalancerNodePorts"), class_path = spec_path.child("loadBalancerClass");
  if (spec.type == "LoadBalancer") {
    if (!spec.allocateLoadBalancerNodePorts) errors.required(allocate);
    if (spec.loadBalancerClass) check_text(api::check_qualified_name(*spec.loadBalancerClass), class_path, *spec.loadBalancerClass, errors);
  } else {
    if (spec.allocateLoadBalancerNodePorts) errors.forbidden(allocate, only_load_balancer);
    if (spec.loadBalancerClass) errors.forbidden(class_path, only_load_balancer);
  }
}

void check_traffic(const corev1::ServiceSpec& spec, FieldErrors& errors) {
  const FieldPath external = spec_path.child("externalTrafficPolicy"), health = spec_path.child("healthCheckNodePort");
  if (is_externally_accessible(spec))
    check_required(spec.externalTrafficPolicy, external, errors);
  else if (!spec.externalTrafficPolicy.empty())
    errors.invalid(external, quoted(spec.externalTrafficPolicy), "may only be set for externally-accessible services");
  if (!has_health_check_port(spec) && spec.healthCheckNodePort)
    errors.invalid(health, std::to_string(spec.healthCheckNodePort), "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
  if (spec.type != "ExternalName" && !spec.internalTrafficPolicy) errors.required(spec_path.child("internalTrafficPolicy"));
  if (!spec.trafficDistribution) return;
  const std::vector<std::string_view> known = {"PreferClose", "PreferSameNode", "PreferSameZone"};
  if (std::find(known.begin(), known.end(), spec.trafficDistribution->view()) == known.end())
    errors.not_supported(spec_path.child("trafficDistribution"), quoted(*spec.trafficDistribution), known);
}

void check_external_ips(const corev1::ServiceSpec& spec, FieldErrors& errors) {
  for (std::size_t i = 0; i < spec.externalIPs.size(); ++i) {
    const FieldPath at = spec_path.child("externalIPs").index(i);
    const auto problems = api::check_ip(spec.externalIPs[i]);
    check_text(problems, at, spec.externalIPs[i], errors);
    if (problems.empty()) check_text(api::check_ordinary_ip(spec.externalIPs[i]), at, spec.externalIPs[i], errors);
  }
}

}  // namespace

bool has_cluster_ip(const corev1::ServiceSpec& spec) { return spec.type != "ExternalName"; }
bool has_node_ports(const corev1::ServiceSpec& spec) { return spec.type == "NodePort" || spec.type == "LoadBalancer"; }
bool has_health_check_port(const corev1::ServiceSpec& spec) { return spec.type == "LoadBalancer" && spec.externalTrafficPolicy == "Local"; }
bool is_externally_accessible(const corev1::ServiceSpec& spec) {
  return has_node_ports(spec) || (spec.type == "ClusterIP" && !spec.externalIPs.empty());
}
bool is_headless(const corev1::ServiceSpec& spec) { return spec.clusterIP == "None"; }

void check_service(const corev1::Service& service, FieldErrors& errors) {
  const auto& spec = service.spec;
  check_topology_annotations(service, errors);
  check_type(spec, errors);
  check_ports(spec, errors);
  check_labels(spec.selector, spec_path.child("selector"), errors);
  check_affinity(spec, errors);
  check_cluster_ips(spec, errors);
  check_external_ips(spec, errors);
  check_load_balancer(service, errors);
  check_traffic(spec, errors);
}

void check_service_update(const corev1::Service& next, const corev1::Service& previous, FieldErrors& errors) {
  const auto &spec = next.spec, &before = previous.spec;
  check_cluster_ips_update(spec, before, errors);
  if (spec.type == "LoadBalancer" && before.type == "LoadBalancer" && !(spec.loadBalancerClass == before.loadBalancerClass))
    errors.invalid(spec_path.child("loadBalancerClass"), spec.loadBalancerClass ? quoted(*spec.loadBalancerClass) : "null", "may not change once set");
  if (has_health_check_port(spec) && has_health_check_port(before))
    check_immutable(spec.healthCheckNodePort != before.healthCheckNodePort, spec_path.child("healthCheckNodePort"),
                    std::to_string(spec.healthCheckNodePort), errors);
}

void check_service_status(const corev1::Service& service, FieldErrors& errors) {
  const auto& ingress = service.status.loadBalancer.ingress;
  const FieldPath path = FieldPath("status").child("loadBalancer").child("ingress");
  if (!ingress.empty() && service.spec.type != "LoadBalancer") errors.forbidden(path, "may only be used when `spec.type` is \"LoadBalancer\"");
  for (std::size_t i = 0; i < ingress.size(); ++i) {
    const FieldPath at = path.index(i);
    const auto& one = ingress[i];
    if (!one.ip.empty()) check_text(api::check_ip(one.ip), at.child("ip"), one.ip, errors);
    if (!one.ip.empty() && !one.ipMode) errors.required(at.child("ipMode"), "must be specified when `ip` is set");
    if (one.ip.empty() && one.ipMode) errors.forbidden(at.child("ipMode"), "may not be specified when `ip` is not set");
    if (one.hostname.empty()) continue;
    check_text(api::check_dns1123_subdomain(one.hostname), at.child("hostname"), one.hostname, errors);
    if (api::check_ip(one.hostname).empty()) errors.invalid(at.child("hostname"), quoted(one.hostname), "must be a DNS name, not an IP address");
  }
}

}  // namespace plumb::resources
