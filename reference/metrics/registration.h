// What leads the API server to a server behind it: a Service without a selector, its EndpointSlice, and an APIService for each group version.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/informer/client.h"

namespace plumb::metrics_api {

struct RegisteredVersion {
  std::string group, version;
  std::int32_t group_priority = 100, version_priority = 100;
};

struct Registration {
  std::string service, namespace_ = "kube-system";
  std::string address;  // an IP address that is none of the machine alone; else the server is taken to be on the API server's machine
  std::uint16_t port = 0;
  std::string ca_pem;
  std::vector<RegisteredVersion> versions;
};

// Makes what is missing and sets right what differs. What somebody else has put there, such as a metrics-server of the cluster's own, stays:
// ours carries the label app.kubernetes.io/managed-by=plumbline. Blocks.
Status register_api(informer::Client& client, const Registration& wanted);

}  // namespace plumb::metrics_api
