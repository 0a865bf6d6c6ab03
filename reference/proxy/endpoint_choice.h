// Which endpoints of a port traffic may reach from this node: a pure function, upstream's CategorizeEndpoints (pkg/proxy/topology.go).
#pragma once

#include <string>
#include <vector>

#include "reference/proxy/service_port.h"

namespace plumb::proxy {

struct EndpointChoice {
  // For traffic with policy Cluster, topology hints observed, and with policy Local. Ready ones; where there are none, those that still
  // serve while they terminate (decided for each of the two by itself). Empty where the port has no such traffic.
  std::vector<const Endpoint*> cluster, local;
  // Somewhere in the cluster there is a usable one.
  bool any = false;
};

// Hints count only when every ready endpoint has them and one is for here: those for nodes before those for zones. The result points into
// `endpoints`, in their order.
EndpointChoice choose_endpoints(const ServicePort& port, const std::vector<Endpoint>& endpoints, std::string_view node_name, std::string_view zone);

}  // namespace plumb::proxy
