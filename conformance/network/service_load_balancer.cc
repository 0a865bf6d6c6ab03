#include <gtest/gtest.h>

#include "conformance/network/through_service.h"

namespace {

using namespace plumb::harness;

std::string await_address(Cluster& c, const std::string& name) {
  const Json service = c.await(c.in("v1", "services"), name, "an address of its load balancer",
                               [](const Json* object) { return object && !at(*object, "/status/loadBalancer/ingress", Json::array()).empty(); }, timeouts::load_balancer);
  const std::string ip = text_at(service, "/status/loadBalancer/ingress/0/ip");
  return ip.empty() ? text_at(service, "/status/loadBalancer/ingress/0/hostname") : ip;
}

}  // namespace

PLUMB_CONFORMANCE(network, service_load_balancer,
                  {.requirement = "A Service of type LoadBalancer MUST get an address of its own that leads to its pods, keep it while it lives, lead nobody there once its type has "
                                  "changed, and not go before its load balancer has gone.",
                   .covers = {},
                   .needs = {"image", "services", "load-balancers"}}) {
  c.apply_manifest();
  for (const char* pod : {"one", "two", "client"}) c.await_ready(pod);
  const std::string address = await_address(c, "front"), other = await_address(c, "other");
  EXPECT_NE(address, other);
  await_answers(c, "client", host_port(address, 80), {"one", "two"});
  await_answers(c, "client", host_port(other, 81), {"one"});

  const Json labelled = c.must(c.client().patch(c.in("v1", "services"), "front", PatchKind::merge, {{"metadata", {{"labels", {{"touched", "yes"}}}}}}));
  EXPECT_EQ(text_at(labelled, "/metadata/finalizers/0"), "service.kubernetes.io/load-balancer-cleanup");
  EXPECT_EQ(await_address(c, "front"), address);

  c.must(c.client().patch(c.in("v1", "services"), "front", PatchKind::merge, {{"spec", {{"type", "ClusterIP"}}}}));
  c.await(c.in("v1", "services"), "front", "no trace of the load balancer", [](const Json* object) {
    return object && at(*object, "/status/loadBalancer/ingress", Json::array()).empty() && at(*object, "/metadata/finalizers", Json::array()).empty();
  }, timeouts::load_balancer);
  await_nobody(c, "client", host_port(address, 80));
  await_answers(c, "client", host_port(other, 81), {"one"});
}
