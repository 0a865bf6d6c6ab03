// Flows of UDP that the kernel goes on sending where a Service's endpoint was: UDP has no end of a connection that would let them go.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "harness/base/result.h"
#include "reference/proxy/service_port.h"

namespace plumb::proxy {

// A flow as conntrack has it: where the client sends to, and who answers.
struct Flow {
  Target destination, answering;
};

// Where UDP arrives for a Service, and where it may be sent on. Nowhere: there is no such Service any more, or it has no endpoints.
struct UdpPlaces {
  std::map<Target, std::set<Target>> addresses;
  std::map<int, std::set<Target>> node_ports;
  bool empty() const { return addresses.empty() && node_ports.empty(); }
};

// Whether the flow leads from one of the places to where it must not. Flows to other places are none of the proxy's. `is_node_address` says
// where node ports are served.
bool is_stale(const Flow& flow, const UdpPlaces& places, const std::function<bool(const api::Ip&)>& is_node_address);

class Conntrack {
 public:
  virtual ~Conntrack() = default;
  // Removes the UDP flows of the family for which `stale` holds; says how many.
  virtual Result<int> remove_udp(Family family, const std::function<bool(const Flow&)>& stale) = 0;
};
Result<std::unique_ptr<Conntrack>> open_conntrack();

}  // namespace plumb::proxy
