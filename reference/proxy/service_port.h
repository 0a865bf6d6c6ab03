// What the proxy observes, taken from API objects: one port of a Service in one IP family, and the endpoints behind it. Everything here is
// parsed and checked, so that what is written into rules can only be addresses, numbers and names of Kubernetes' alphabet.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/api/text/ip.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/discoveryv1.h"

namespace plumb::proxy {

enum class Family : std::uint8_t { ipv4, ipv6 };
enum class Protocol : std::uint8_t { tcp, udp, sctp };

std::string_view text_of(Protocol protocol);  // "tcp"
// As API objects spell it; nothing else is a protocol. "" is TCP.
std::optional<Protocol> parse_protocol(std::string_view text);
inline bool is_of(const api::Ip& ip, Family family) { return ip.v6 == (family == Family::ipv6); }

// "ns/name", and "ns/name:port/tcp", which also orders them.
std::string service_key(std::string_view namespace_, std::string_view name);

struct ServicePort {
  std::string namespace_, service, name;  // of the port; may be empty
  Protocol protocol = Protocol::tcp;
  int port = 0, node_port = 0;
  std::optional<api::Ip> cluster_ip;  // none where another Service holds it
  std::vector<api::Ip> external_ips, load_balancer_ips;
  std::vector<api::IpRange> load_balancer_source_ranges;
  int affinity_seconds = 0;  // 0: no session affinity
  bool internal_local = false, external_local = false;  // traffic policies

  std::string key() const;
  bool externally_accessible() const { return node_port != 0 || !external_ips.empty() || !load_balancer_ips.empty(); }
  // External traffic from this cluster's own pods and nodes goes to all endpoints, whatever the policy is.
  bool uses_cluster_endpoints() const { return !internal_local || externally_accessible(); }
  bool uses_local_endpoints() const { return internal_local || (external_local && externally_accessible()); }
};

struct Endpoint {
  api::Ip ip;
  int port = 0;
  bool ready = true, serving = true, terminating = false;
  bool local = false;  // on this node
  std::vector<std::string> zone_hints, node_hints;
};

// Where a connection is sent.
struct Target {
  api::Ip ip;
  int port = 0;
  friend bool operator==(const Target&, const Target&) = default;
  friend bool operator<(const Target& a, const Target& b) {
    if (a.ip.number != b.ip.number) return a.ip.number < b.ip.number;
    return a.port < b.port;
  }
};

// False for what a proxy has nothing to do with: headless Services, external names, and those that another proxy serves
// (label service.kubernetes.io/service-proxy-name).
bool is_proxied(const corev1::Service& service);
// The ports of a Service that have an address in the family. Empty where is_proxied() is false.
std::vector<ServicePort> service_ports(const corev1::Service& service, Family family);
// The port on which every node must tell whether it has endpoints of the Service; 0 where there is none (only external policy Local has).
int health_check_node_port(const corev1::Service& service);

using Slices = std::vector<std::shared_ptr<const discoveryv1::EndpointSlice>>;
// The endpoints of one port, each address and port once, in order. Of an address that stands in several slices the one of the last slice
// by name counts.
std::vector<Endpoint> endpoints_of(const ServicePort& port, Family family, const Slices& slices, std::string_view node_name);

}  // namespace plumb::proxy
