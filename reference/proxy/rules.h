// From what is observed to what the node's table has to hold: pure functions. Semantics are those of upstream's proxy in nftables mode
// (pkg/proxy/nftables): which traffic is masqueraded, refused and dropped, and what the traffic policies mean.
#pragma once

#include <string>
#include <vector>

#include "reference/proxy/endpoint_choice.h"
#include "reference/proxy/part.h"

namespace plumb::proxy {

// How traffic of this node's own pods is told from other traffic (--detect-local-mode).
struct LocalTraffic {
  enum class Mode : std::uint8_t { none, cidr, bridge, interface_prefix } mode = Mode::none;
  std::string interface;                // a bridge's name, or what interfaces' names begin with
  std::vector<api::IpRange> ranges;     // of pods
};

// What the node is, for one family. A change of it changes the whole table.
struct NodeRules {
  Family family = Family::ipv4;
  std::string node_name, zone;
  std::vector<api::Ip> node_ips;
  // Where node ports are served: on the node's own addresses, or, where there are ranges, on local addresses in these.
  std::vector<api::IpRange> node_port_ranges;
  std::vector<api::IpRange> service_ranges;  // addresses in them that no Service has lead nowhere
  LocalTraffic local;
  bool masquerade_all = false;
  std::uint32_t masquerade_mark = 1 << 14;
  friend bool operator==(const NodeRules&, const NodeRules&);
};

struct Decision {
  Part part;
  bool no_local_internal = false, no_local_external = false;  // policy Local, and no endpoint of its own
};

// `before` is what the port contributes now: an endpoint that stays keeps its slot, so that little changes with each endpoint.
Decision decide(const NodeRules& node, const ServicePort& port, const std::vector<Endpoint>& endpoints, const Part& before);

// The parts of the table that do not follow from Services, as commands for nft: base chains, maps, sets, and their rules. The table is made
// anew: what it held is gone when the transaction ends.
std::string base_table(const NodeRules& node);
std::string table_name(Family family);  // "ip kube-proxy"

}  // namespace plumb::proxy
