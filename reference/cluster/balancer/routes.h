// How packets for the addresses of Services of type LoadBalancer come from the machine that the nodes run on to the nodes, whose proxies lead them on:
// one route an address, over all nodes that may take them. Which nodes those are is upstream's rule for load balancers
// (https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "reference/api/text/ip.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/discoveryv1.h"

namespace plumb::cluster {

using NodeAddresses = std::vector<std::string>;          // sorted
using BalancerRoutes = std::map<std::string, NodeAddresses>;  // by a Service's address

struct BalancedObjects {
  std::vector<std::shared_ptr<const corev1::Service>> services;
  std::vector<std::shared_ptr<const discoveryv1::EndpointSlice>> slices;
  std::vector<std::shared_ptr<const corev1::Node>> nodes;
};

// Addresses out of the range are left to others. With externalTrafficPolicy Local only nodes with endpoints of the Service count. An address without a
// node has no route.
BalancerRoutes balancer_routes(const BalancedObjects& objects, const api::IpRange& range);

// What `ip -batch` is told so that the machine has the wanted routes in place of those it has.
std::string route_changes(const BalancerRoutes& now, const BalancerRoutes& wanted, const std::string& device);

// The routes of a machine, kept as wanted. Not safe from several threads.
class HostRoutes {
 public:
  HostRoutes(api::IpRange range, std::string device) : range_(range), device_(std::move(device)) {}
  // The first call takes away what an earlier process has left, too. After a failure the next call starts from what the machine has.
  Status keep(const BalancerRoutes& wanted);

 private:
  Status look();

  const api::IpRange range_;
  const std::string device_;
  BalancerRoutes now_;
  bool known_ = false;
};

}  // namespace plumb::cluster
