#include "conformance/network/endpoints_of.h"

PLUMB_CONFORMANCE(network, service_without_pods,
                  {.requirement = "A Service that selects no pods MUST have empty Endpoints and an empty EndpointSlice, which MUST go with it.",
                   .covers = {"EndpointSlice, \"empty\" Service", "Endpoints, \"empty\" Service"},
                   .needs = {"controllers", "version>=1.21"}}) {
  using namespace plumb::harness;
  c.create({{"apiVersion", "v1"}, {"kind", "Service"}, {"metadata", {{"name", "lonely"}}},
            {"spec", {{"selector", {{"app", "nobody"}}}, {"ports", {{{"name", "http"}, {"port", 80}}}}}}});
  c.await(c.in("v1", "endpoints"), "lonely", "empty Endpoints", [](const Json* now) { return now != nullptr && at(*now, "/subsets", Json::array()).empty(); });
  c.await_all(slices(c), slices_of("lonely"), "an EndpointSlice that is empty", [](const Cluster::Objects& found) {
    return found.size() == 1 && at(found.begin()->second, "/endpoints", Json::array()).empty();
  });
  c.must(c.client().remove(c.in("v1", "services"), "lonely"));
  await_none(c, "lonely");
}
