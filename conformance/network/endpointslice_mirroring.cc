#include <gtest/gtest.h>

#include "conformance/api_operations.h"
#include "conformance/network/endpoints_of.h"

PLUMB_CONFORMANCE(network, endpointslice_mirroring,
                  {.requirement = "Endpoints that somebody writes for a Service without a selector MUST be mirrored to EndpointSlices, which follow their changes and go with them.",
                   .covers = {"EndpointSlice Mirroring"},
                   .needs = {"controllers", "version>=1.21"}}) {
  using namespace plumb::harness;
  const Resource endpoints = c.in("v1", "endpoints");
  expect_discovery(c, {"discovery.k8s.io", "v1", "endpointslices", {}});
  c.create({{"apiVersion", "v1"}, {"kind", "Service"}, {"metadata", {{"name", "mirrored"}}}, {"spec", {{"ports", {{{"name", "http"}, {"port", 80}}}}}}});
  Json written = c.create({{"apiVersion", "v1"}, {"kind", "Endpoints"}, {"metadata", {{"name", "mirrored"}}},
                           {"subsets", {{{"addresses", {{{"ip", "10.1.2.3"}}}}, {"ports", {{{"name", "http"}, {"port", 80}, {"protocol", "TCP"}}}}}}}});
  const auto await_mirror = [&](const Places& expected) {
    c.await_all(slices(c), slices_of("mirrored"), "one EndpointSlice that says the same", [&](const Cluster::Objects& found) {
      return found.size() == 1 && places_in_slice(found.begin()->second) == expected && !text_at(found.begin()->second, "/metadata/labels/endpointslice.kubernetes.io~1managed-by").empty();
    });
  };
  await_mirror({"http 10.1.2.3:80"});
  written["subsets"][0]["addresses"] = {{{"ip", "10.2.3.4"}}, {{"ip", "10.2.3.5"}}};
  written["subsets"][0]["ports"][0]["port"] = 8080;
  c.must(c.client().update(endpoints, written));
  await_mirror({"http 10.2.3.4:8080", "http 10.2.3.5:8080"});
  c.must(c.client().remove(endpoints, "mirrored"));
  c.await_all(slices(c), slices_of("mirrored"), "no EndpointSlice", [](const Cluster::Objects& found) { return found.empty(); }, timeouts::pod_gone);
}
