#include <gtest/gtest.h>

#include "conformance/network/through_service.h"

PLUMB_CONFORMANCE(network, endpointslice_traffic,
                  {.requirement = "A Service without a selector MUST lead to the endpoints that several EndpointSlices give it: at one address with different ports, and at several "
                                  "addresses with different ports.",
                   .covers = {"EndpointSlice, multiple IPs, multiple ports", "EndpointSlice, single IP, multiple ports"},
                   .needs = {"image", "services", "resource:discovery.k8s.io/v1/endpointslices"}}) {
  using namespace plumb::harness;
  for (const char* pod : {"one", "two", "client"}) c.apply(pod);
  std::map<std::string, std::string> addresses;
  for (const char* pod : {"one", "two", "client"}) addresses[pod] = text_at(c.await_ready(pod), "/status/podIP");
  const std::map<std::string, std::string> values{{"ONE", addresses["one"]}, {"TWO", addresses["two"]}};
  for (const char* object : {"same", "same-a", "same-b", "several", "several-a", "several-b"}) c.apply(object, values);
  const auto at_port = [&](const char* service, int port) { return host_port(text_at(service_of(c, service), "/spec/clusterIP"), port); };
  await_answers(c, "client", at_port("same", 80), {"one"});
  await_answers(c, "client", at_port("same", 81), {"one"});
  await_answers(c, "client", at_port("several", 80), {"one"});
  await_answers(c, "client", at_port("several", 81), {"two"});
  // Each port is of the pod that its slice names: there are no others behind it.
  for (int i = 0; i < 5; ++i) {
    EXPECT_NE(who_answers(c, "client", at_port("several", 80)), "two");
    EXPECT_NE(who_answers(c, "client", at_port("several", 81)), "one");
  }
}
