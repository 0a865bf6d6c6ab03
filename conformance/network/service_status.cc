#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

namespace {

using namespace plumb::harness;

// Nobody provides load balancers of this class: the status is this test's alone.
Json load_balanced() {
  return {{"apiVersion", "v1"}, {"kind", "Service"}, {"metadata", {{"name", "balanced"}, {"labels", {{"app", "balanced"}}}}},
          {"spec", {{"type", "LoadBalancer"}, {"loadBalancerClass", "plumb.io/nobody"}, {"ports", {{{"name", "http"}, {"port", 80}}}}}}};
}

}  // namespace

PLUMB_CONFORMANCE(network, service_status,
                  {.requirement = "The status of a Service MUST be read, patched and updated through its subresource, which leaves the spec alone, and the Service MUST be "
                                  "patched without a change of its status.",
                   .covers = {"Service, complete ServiceStatus lifecycle"}}) {
  const Resource services = c.in("v1", "services");
  const Json made = c.create(load_balanced());
  EXPECT_EQ(name_of(c.must(c.client().get(services, "balanced"))), "balanced");
  EXPECT_EQ(at(c.must(c.client().get(services, "balanced", "status")), "/status/loadBalancer", Json::object()), Json::object());

  const Json ingress = {{{"ip", "203.0.113.1"}, {"ipMode", "VIP"}}};
  const Json patch = {{"metadata", {{"annotations", {{"patched", "true"}}}}}, {"spec", {{"externalName", "ignored.example"}}}, {"status", {{"loadBalancer", {{"ingress", ingress}}}}}};
  c.must(c.client().patch(services, "balanced", PatchKind::merge, patch, "status"));
  Json now = c.must(c.client().get(services, "balanced"));
  EXPECT_EQ(text_at(now, "/status/loadBalancer/ingress/0/ip"), "203.0.113.1");
  EXPECT_EQ(text_at(now, "/metadata/annotations/patched"), "true");
  EXPECT_EQ(now["spec"], made["spec"]) << "the status subresource changes no spec";

  c.eventually("an update of the status", [&] {
    Json next = c.must(c.client().get(services, "balanced", "status"));
    next["status"]["conditions"] = {{{"type", "StatusUpdate"}, {"status", "True"}, {"reason", "Tested"}, {"message", "by a test"}, {"lastTransitionTime", "2024-01-01T00:00:00Z"}}};
    return c.client().update(services, next, "status").ok();
  });
  now = c.must(c.client().get(services, "balanced", "status"));
  EXPECT_TRUE(has_condition(now, "StatusUpdate")) << now["status"].dump();
  EXPECT_EQ(text_at(now, "/status/loadBalancer/ingress/0/ip"), "203.0.113.1");

  c.must(c.client().patch(services, "balanced", PatchKind::strategic, {{"metadata", {{"labels", {{"patched", "yes"}}}}}, {"status", {{"loadBalancer", {{"ingress", Json::array()}}}}}}));
  now = c.must(c.client().get(services, "balanced"));
  EXPECT_EQ(text_at(now, "/metadata/labels/patched"), "yes");
  EXPECT_EQ(text_at(now, "/status/loadBalancer/ingress/0/ip"), "203.0.113.1") << "the Service itself changes no status";
  c.must(c.client().remove(services, "balanced"));
  c.await_gone(services, "balanced");
}
