#include "conformance/api_operations.h"

PLUMB_CONFORMANCE(network, endpointslice_api,
                  {.requirement = "EndpointSlices MUST be in discovery and be created, read, listed, watched, updated, patched and deleted, one by one and together.",
                   .covers = {"EndpointSlice API"},
                   .needs = {"version>=1.21"}}) {
  using namespace plumb::harness;
  plumb::harness::ApiOperations api{"discovery.k8s.io", "v1", "endpointslices", {}};
  for (const char* name : {"one", "two", "three"})
    api.objects.push_back({{"apiVersion", "discovery.k8s.io/v1"}, {"kind", "EndpointSlice"}, {"metadata", {{"name", name}}}, {"addressType", "IPv4"},
                           {"endpoints", {{{"addresses", {"192.0.2.1"}}}}}, {"ports", {{{"name", "http"}, {"port", 80}}}}});
  expect_api_operations(c, api);
}
