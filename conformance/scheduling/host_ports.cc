#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/needs.h"

PLUMB_CONFORMANCE(scheduling, host_ports,
                  {.requirement = "Pods that ask for the same port, protocol and overlapping address of a node MUST NOT be bound to it together; "
                                  "another protocol or address MUST NOT stand in the way.",
                   .covers = {"Scheduling, HostPort and Protocol match, HostIPs different but one is default HostIP (0.0.0.0)"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  const std::string node = c.must(usable_nodes(c.client())).front();
  const auto values = [&](const std::string& address, const std::string& protocol) {
    return std::map<std::string, std::string>{{"NODE", node}, {"ADDRESS", address}, {"PROTOCOL", protocol}};
  };
  const auto bind = [&](const std::string& pod, const std::string& address, const std::string& protocol, bool fits) {
    c.apply(pod, values(address, protocol));
    c.await(c.pods(), pod, "the scheduler's verdict on " + pod, [&](const Json* object) {
      return object != nullptr && has_condition(*object, "PodScheduled", fits ? "True" : "False");
    });
  };
  bind("any", "0.0.0.0", "TCP", true);
  bind("one", "127.0.0.1", "TCP", false);
  bind("datagram", "127.0.0.1", "UDP", true);
  bind("another", "127.0.0.2", "UDP", true);
  bind("same", "127.0.0.2", "UDP", false);
  c.must(c.client().remove(c.pods(), "any"));
  c.await(c.pods(), "one", "the port to be free", [](const Json* object) { return object != nullptr && has_condition(*object, "PodScheduled"); }, timeouts::pod_gone);
}
