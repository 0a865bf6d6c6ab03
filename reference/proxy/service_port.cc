#include "reference/proxy/service_port.h"

#include <algorithm>
#include <map>

namespace plumb::proxy {
namespace {

constexpr int default_affinity_seconds = 10800;  // upstream's, three hours

std::optional<api::Ip> address_in(std::string_view text, Family family) {
  auto ip = api::Ip::parse(text);
  if (!ip || !is_of(*ip, family)) return std::nullopt;
  return ip;
}

std::optional<api::Ip> cluster_ip_in(const corev1::ServiceSpec& spec, Family family) {
  for (const api::Str& text : spec.clusterIPs)
    if (auto ip = address_in(text, family)) return ip;
  return spec.clusterIPs.empty() ? address_in(spec.clusterIP, family) : std::nullopt;
}

template <class Texts>
void take_addresses(const Texts& texts, Family family, std::vector<api::Ip>& to) {
  for (const api::Str& text : texts)
    if (auto ip = address_in(text, family); ip && std::find(to.begin(), to.end(), *ip) == to.end()) to.push_back(*ip);
}

void take_ranges(const corev1::ServiceSpec& spec, Family family, std::vector<api::IpRange>& to) {
  for (const api::Str& text : spec.loadBalancerSourceRanges) {
    // Blanks around them have always been allowed.
    std::string_view trimmed = text.view();
    while (!trimmed.empty() && trimmed.front() == ' ') trimmed.remove_prefix(1);
    while (!trimmed.empty() && trimmed.back() == ' ') trimmed.remove_suffix(1);
    if (auto range = api::IpRange::parse(trimmed); range && is_of(range->network, family)) to.push_back(*range);
  }
}

bool is_external_type(const corev1::ServiceSpec& spec) { return spec.type == "LoadBalancer" || spec.type == "NodePort" || !spec.externalIPs.empty(); }

bool is_port(std::int32_t number) { return number > 0 && number < 65536; }

std::vector<std::string> names_of(const auto& hints) {
  std::vector<std::string> names;
  for (const auto& hint : hints) names.push_back(hint.name.str());
  return names;
}

Endpoint endpoint(const discoveryv1::Endpoint& from, const api::Ip& ip, int port, std::string_view node_name) {
  Endpoint made{ip, port};
  made.ready = from.conditions.ready.value_or(true);
  made.serving = from.conditions.serving.value_or(true);
  made.terminating = from.conditions.terminating.value_or(false);
  made.local = from.nodeName && *from.nodeName == node_name;
  if (from.hints) {
    made.zone_hints = names_of(from.hints->forZones);
    made.node_hints = names_of(from.hints->forNodes);
  }
  return made;
}

}  // namespace

std::string_view text_of(Protocol protocol) { return protocol == Protocol::tcp ? "tcp" : protocol == Protocol::udp ? "udp" : "sctp"; }

std::optional<Protocol> parse_protocol(std::string_view text) {
  if (text.empty() || text == "TCP") return Protocol::tcp;
  if (text == "UDP") return Protocol::udp;
  if (text == "SCTP") return Protocol::sctp;
  return std::nullopt;
}

std::string service_key(std::string_view namespace_, std::string_view name) {
  std::string key(namespace_);
  return key.append("/").append(name);
}

std::string ServicePort::key() const { return service_key(namespace_, service).append(":").append(name).append("/").append(text_of(protocol)); }

bool is_proxied(const corev1::Service& service) {
  return service.spec.type != "ExternalName" && !service.spec.clusterIP.empty() && service.spec.clusterIP != "None" &&
         !service.metadata.labels.contains("service.kubernetes.io/service-proxy-name");
}

std::vector<ServicePort> service_ports(const corev1::Service& service, Family family) {
  std::vector<ServicePort> ports;
  const corev1::ServiceSpec& spec = service.spec;
  const auto cluster_ip = is_proxied(service) ? cluster_ip_in(spec, family) : std::nullopt;
  if (!cluster_ip) return ports;
  ServicePort made;
  made.namespace_ = service.metadata.namespace_.str();
  made.service = service.metadata.name.str();
  made.cluster_ip = cluster_ip;
  made.internal_local = spec.internalTrafficPolicy && *spec.internalTrafficPolicy == "Local";
  made.external_local = is_external_type(spec) && spec.externalTrafficPolicy == "Local";
  take_addresses(spec.externalIPs, family, made.external_ips);
  take_ranges(spec, family, made.load_balancer_source_ranges);
  for (const corev1::LoadBalancerIngress& ingress : service.status.loadBalancer.ingress)
    if (!ingress.ipMode || *ingress.ipMode == "VIP") take_addresses(api::List<api::Str>{ingress.ip}, family, made.load_balancer_ips);
  if (spec.sessionAffinity == "ClientIP") {
    const bool given = spec.sessionAffinityConfig && spec.sessionAffinityConfig->clientIP;
    made.affinity_seconds = given ? spec.sessionAffinityConfig->clientIP->timeoutSeconds.value_or(default_affinity_seconds) : default_affinity_seconds;
  }
  for (const corev1::ServicePort& port : spec.ports) {
    const auto protocol = parse_protocol(port.protocol);
    if (!protocol || !is_port(port.port)) continue;
    made.name = port.name.str();
    made.protocol = *protocol;
    made.port = port.port;
    made.node_port = is_port(port.nodePort) ? port.nodePort : 0;
    ports.push_back(made);
  }
  return ports;
}

int health_check_node_port(const corev1::Service& service) {
  if (!is_proxied(service) || service.spec.type != "LoadBalancer" || service.spec.externalTrafficPolicy != "Local") return 0;
  return is_port(service.spec.healthCheckNodePort) ? service.spec.healthCheckNodePort : 0;
}

std::vector<Endpoint> endpoints_of(const ServicePort& port, Family family, const Slices& slices, std::string_view node_name) {
  std::vector<const discoveryv1::EndpointSlice*> ordered;
  for (const auto& slice : slices)
    if (slice->addressType == (family == Family::ipv4 ? "IPv4" : "IPv6")) ordered.push_back(slice.get());
  std::sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) { return a->metadata.name < b->metadata.name; });
  std::map<Target, Endpoint> found;
  for (const auto* slice : ordered) {
    for (const discoveryv1::EndpointPort& at : slice->ports) {
      if ((at.name ? at.name->view() : std::string_view()) != port.name || parse_protocol(at.protocol ? at.protocol->view() : std::string_view()) != port.protocol) continue;
      if (!at.port || !is_port(*at.port)) continue;
      for (const discoveryv1::Endpoint& one : slice->endpoints) {
        // The addresses of one endpoint are interchangeable; upstream uses the first, too.
        const auto ip = one.addresses.empty() ? std::nullopt : address_in(one.addresses[0], family);
        if (!ip) continue;
        Endpoint made = endpoint(one, *ip, *at.port, node_name);
        const auto [place, fresh] = found.try_emplace(Target{*ip, *at.port}, made);
        if (fresh) continue;
        made.local |= place->second.local;
        place->second = std::move(made);
      }
    }
  }
  std::vector<Endpoint> endpoints;
  endpoints.reserve(found.size());
  for (auto& [target, one] : found) endpoints.push_back(std::move(one));
  return endpoints;
}

}  // namespace plumb::proxy
