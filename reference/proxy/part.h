// What one port of a Service contributes to the node's nftables table: the unit in which rules are decided, compared and changed.
//
// The table is flat. A connection's first packet is looked up in `service-ips` (address, protocol, port) or `service-nodeports`
// (protocol, port), which send it to an entry chain, and from there to a chain such as `to-tcp-3`, which picks one of three by a random
// number: it looks up address, port and the number in the map `endpoints-tcp`. Those chains say what to do and how many endpoints there are, not
// which: they are few and shared by all Services, and what changes with endpoints are elements of maps. A chain a Service, as upstream's
// proxy has, costs the kernel 16 s for 10,000 Services (measured with 6.18); the maps take part of one. Only Services with session affinity have
// chains of their own, one an endpoint, each with the set of the clients that it keeps.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "reference/proxy/service_port.h"

namespace plumb::proxy {

// The table's sets and maps whose elements follow from Services. Names are upstream's where upstream has them.
enum class Container : std::uint8_t {
  cluster_ips,            // set: all cluster IPs, to reject other ports of theirs
  service_ips,            // address . protocol . port : entry chain
  service_nodeports,      // protocol . port : entry chain
  no_endpoint_services,   // address . protocol . port : reject or drop
  no_endpoint_nodeports,  // protocol . port : reject or drop
  firewall_ips,           // address . protocol . port : chain that knows the source ranges
  hairpin_endpoints,      // set: address . address of this node's endpoints, which may reach themselves through a Service
  endpoints_tcp,          // address . port . slot : address . port
  endpoints_udp,
  endpoints_sctp,
  nodeport_endpoints_tcp,  // port . slot : address . port
  nodeport_endpoints_udp,
  nodeport_endpoints_sctp,
};
inline constexpr std::size_t container_count = 13;
std::string_view name_of(Container container);
// Their elements have no value, and several Services may have the same one.
inline bool is_set(Container container) { return container == Container::cluster_ips || container == Container::hairpin_endpoints; }

struct Element {
  Container in;
  std::string key, value;  // in nft's syntax; a set's have no value
  friend auto operator<=>(const Element&, const Element&) = default;
};

struct Chain {
  std::string name;
  std::vector<std::string> rules;
};

// The clients that an endpoint keeps.
struct AffinitySet {
  std::string name;
  int seconds = 0;
  friend auto operator<=>(const AffinitySet&, const AffinitySet&) = default;
};

// Slots of policy Local begin here, those of policy Cluster at 0; an endpoint beyond it gets no connections.
inline constexpr std::size_t first_local_slot = 65536;

// Keys under which the slots stand: "10.96.0.1 . 80".
struct SlotPrefix {
  Container in;
  std::string key;
  bool local = false;
  friend auto operator<=>(const SlotPrefix&, const SlotPrefix&) = default;
};

struct Part {
  std::vector<Element> elements;       // ordered
  std::vector<Chain> chains;           // by name; equal names of several parts have equal rules, but for those with a "/", which are one part's own
  std::vector<AffinitySet> affinity;   // ordered
  std::vector<SlotPrefix> prefixes;    // ordered
  std::vector<Target> cluster, local;  // by slot
  bool empty() const { return elements.empty() && chains.empty() && prefixes.empty(); }
};

}  // namespace plumb::proxy
