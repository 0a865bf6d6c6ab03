#include <gtest/gtest.h>

#include "conformance/network/looked_up.h"
#include "conformance/network/through_service.h"

PLUMB_CONFORMANCE(network, service_node_port,
                  {.requirement = "A Service of type NodePort MUST lead to its pods at its cluster address, which its name is for, and at its node port on the address of every node, whether the node has "
                                  "such a pod or not.",
                   .covers = {"Service, NodePort Service"},
                   .needs = {"image", "services", "dns"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  for (const char* pod : {"one", "two", "client"}) c.await_ready(pod);
  const Json service = service_of(c, "front");
  const auto port = int_at(service, "/spec/ports/0/nodePort");
  c.require(port > 0, "the Service has no node port");
  await_found(c, "client", "front." + c.space() + ".svc." + cluster_domain(c, "client"), "A", {text_at(service, "/spec/clusterIP")});
  await_answers(c, "client", host_port(text_at(service, "/spec/clusterIP"), 80), {"one", "two"});
  for (const std::string& node : node_addresses(c)) await_answers(c, "client", host_port(node, port), {"one", "two"});
  c.must(c.client().remove(c.in("v1", "services"), "front"));
  for (const std::string& node : node_addresses(c)) await_nobody(c, "client", host_port(node, port));
}
