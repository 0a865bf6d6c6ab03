#include "conformance/network/endpoints_of.h"

PLUMB_CONFORMANCE(network, service_endpoints,
                  {.requirement = "The Endpoints and EndpointSlices of a Service MUST name each ready pod that it selects on each port that the pod has, follow pods that come "
                                  "and go, and go with the Service.",
                   .covers = {"EndpointSlice, creation/deletion", "Endpoints, creation/deletion", "Service, endpoints", "Service, endpoints with multiple ports"},
                   .needs = {"image", "version>=1.21"}}) {
  using namespace plumb::harness;
  c.apply("basic");
  c.apply("named");
  await_places(c, "basic", {}, "no pods");
  await_places(c, "named", {}, "no pods");

  const std::string one = text_at(c.start("one"), "/status/podIP");
  await_places(c, "basic", {"http " + one + ":8080"}, "the first pod");
  await_places(c, "named", {"first " + one + ":8080"}, "the first pod on the port that it has");
  const std::string two = text_at(c.start("two"), "/status/podIP");
  await_places(c, "basic", {"http " + one + ":8080", "http " + two + ":8080"}, "both pods");
  await_places(c, "named", {"first " + one + ":8080", "second " + two + ":8081"}, "each pod on the port that it has");

  c.must(c.client().remove(c.pods(), "one"));
  await_places(c, "basic", {"http " + two + ":8080"}, "the second pod alone");
  await_places(c, "named", {"second " + two + ":8081"}, "the second pod alone");
  c.must(c.client().remove(c.pods(), "two"));
  await_places(c, "basic", {}, "no pods any more");
  await_places(c, "named", {}, "no pods any more");
  for (const char* service : {"basic", "named"}) {
    c.must(c.client().remove(c.in("v1", "services"), service));
    await_none(c, service);
  }
}
