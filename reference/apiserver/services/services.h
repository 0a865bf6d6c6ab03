// What an API server does about Services by itself: it gives out addresses and ports, keeps default/kubernetes, and repairs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/apiserver/periodic.h"
#include "reference/apiserver/services/kubernetes_service.h"
#include "reference/apiserver/services/repair.h"
#include "reference/apiserver/services/service_allocator.h"

namespace plumb::apiserver {

// As upstream's flags.
struct ServiceOptions {
  std::vector<std::string> cluster_ip_ranges = {"10.96.0.0/16"};  // one, or one of each family, the default family's first
  std::string node_port_range = "30000-32767";
  std::string advertise_address;  // where clients in the cluster reach this server; empty: it stands in no endpoints
};

class Services {
 public:
  // Registers with the registry, before the first write. invalid_argument says which option is wrong.
  static Result<std::unique_ptr<Services>> make(Registry& registry, store::Store& store, const ServiceOptions& options);
  // Waits for what is under way, and takes this server out of the endpoints.
  ~Services();

  // What has to be there before the first request.
  Status prepare();
  // The server answers on that port. What cannot be written now is tried again.
  void serve(std::uint16_t port, Clock& clock);

 private:
  Services(Registry& registry, store::Store& store, std::vector<api::IpRange> ranges, NodePorts::Range ports, std::optional<api::Ip> advertised);
  Registry& registry_;
  store::Store& store_;
  const std::vector<api::IpRange> ranges_;
  const std::optional<api::Ip> advertised_;
  NodePorts node_ports_;
  ServiceAllocator allocator_;
  RepairAddresses repair_addresses_;
  RepairNodePorts repair_ports_;
  std::unique_ptr<KubernetesService> kubernetes_;
  std::unique_ptr<Periodic> renewals_, repairs_;
};

}  // namespace plumb::apiserver
