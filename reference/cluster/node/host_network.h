// A cluster's network on its host: one 10.<block>.0.0/16, chosen so that it overlaps nothing the host has a route to.
//   10.<block>.<i>.0/24        pods of node i (0 to 199)
//   10.<block>.254.0/24        Services of type LoadBalancer
//   10.<block>.255.1           the host, on the cluster's bridge
//   10.<block>.255.<10 + i>    node i
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "reference/cluster/node/names.h"

namespace plumb::cluster {

inline constexpr int kMaxNodes = 200;

struct NetworkPlan {
  int block = 0;
  std::string cluster_cidr() const;  // of all pods and nodes
  std::string host_ip() const;
  std::string node_ip(int index) const;
  std::string pod_cidr(int index) const;
  std::string balancer_cidr() const;
};

// The first free block, starting from one that follows from the tag, so that clusters spread. `routes` are the host's destinations in
// CIDR form. resource_exhausted when none is free.
Result<NetworkPlan> choose_network(const std::string& tag, const std::vector<std::string>& routes);
bool cidrs_overlap(const std::string& a, const std::string& b);  // IPv4; false when one is not a CIDR or address

// Makes bridge, address and masquerading for what leaves the cluster; keeps the choice in <dir>/network.json and takes it again when the
// cluster comes up again. What is there already stays.
Result<NetworkPlan> create_host_network(const ClusterId& id);

// A route on the host to a node's pods. They vanish with the bridge.
Status add_pod_route(const ClusterId& id, const NetworkPlan& plan, int index);

// Ok when there is no such link, also when it goes by itself meanwhile, as the end of a veth pair does with the namespace of the other end.
Status remove_link(const std::string& name);

// Removes all links, the nft table, and restores ip_forward where it was changed and no other cluster needs it. Idempotent.
Status remove_host_network(const ClusterId& id);

}  // namespace plumb::cluster
