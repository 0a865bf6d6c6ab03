// Gives Services their cluster IPs and node ports, and takes them back: IPAddress objects and the bits of the port range are written in the
// same transaction as the Service itself, so that nothing leaks and nothing is given out twice.
//
// Addresses come from the ServiceCIDRs that are ready (KEP-1880), ports from --service-node-port-range. Errors are upstream's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/api/types/networkingv1.h"
#include "reference/apiserver/admission/plugin.h"
#include "reference/apiserver/registry/extensions.h"
#include "reference/apiserver/services/node_ports.h"

namespace plumb::apiserver {

// What an IPAddress of the allocator is marked with.
inline constexpr std::string_view address_manager = "ipallocator.k8s.io";
// Every port of the range that the service holds.
std::vector<std::int32_t> ports_of(const corev1::ServiceSpec& spec);
std::shared_ptr<networkingv1::IPAddress> address_object(const api::Ip& ip, std::string_view namespace_, std::string_view service);

class ServiceAllocator final : public Allocator {
 public:
  // `ranges`: of --service-cluster-ip-range; one, or one a family, the default family's first. They name the families, ServiceCIDRs the addresses.
  ServiceAllocator(const ClusterView& cluster, std::vector<api::IpRange> ranges, NodePorts& ports)
      : cluster_(cluster), ranges_(std::move(ranges)), ports_(ports) {}

  ApiResult<Companions> allocate(api::Object& next, const api::Object* current, WallTime now) override;
  Companions release(const api::Object& gone) override;
  bool takes_turns(const api::Object* next, const api::Object* current) const override;

 private:
  class Pass;
  std::vector<api::IpRange> ready_ranges(std::string_view family) const;

  const ClusterView& cluster_;
  const std::vector<api::IpRange> ranges_;
  NodePorts& ports_;
};

}  // namespace plumb::apiserver
