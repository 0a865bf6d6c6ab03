#include "conformance/api_operations.h"

PLUMB_CONFORMANCE(network, service_range_api,
                  {.requirement = "IPAddresses and ServiceCIDRs MUST be in discovery and be created, read, listed, watched, updated, patched and deleted, one by one and "
                                  "together, and the status of a ServiceCIDR through its subresource.",
                   .covers = {"IPAddress API", "ServiceCIDR API"},
                   .needs = {"resource:networking.k8s.io/v1/ipaddresses", "resource:networking.k8s.io/v1/servicecidrs"}}) {
  using namespace plumb::harness;
  // Ranges and addresses for documentation: no Service has any of them.
  const Json condition = {{"type", "PlumbTest"}, {"status", "True"}, {"reason", "Tested"}, {"message", "by a test"}, {"lastTransitionTime", "2024-01-01T00:00:00Z"}};
  ApiOperations addresses{"networking.k8s.io", "v1", "ipaddresses", {}};
  ApiOperations ranges{"networking.k8s.io", "v1", "servicecidrs", {}, {{"status", {{"conditions", {condition}}}}}, "/status/conditions/0/type"};
  for (const int n : {1, 2, 3}) {
    addresses.objects.push_back({{"apiVersion", "networking.k8s.io/v1"}, {"kind", "IPAddress"}, {"metadata", {{"name", "2001:db8:1::" + std::to_string(n)}}},
                                 {"spec", {{"parentRef", {{"group", "plumb.io"}, {"resource", "things"}, {"name", c.unique("thing")}}}}}});
    ranges.objects.push_back({{"apiVersion", "networking.k8s.io/v1"}, {"kind", "ServiceCIDR"}, {"metadata", {{"name", c.unique(std::to_string(n))}}},
                              {"spec", {{"cidrs", {"2001:db8:2:" + std::to_string(n) + "::/112"}}}}});
  }
  expect_api_operations(c, addresses);
  expect_api_operations(c, ranges);
}
