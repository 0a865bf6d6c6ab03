#include <gtest/gtest.h>

#include "conformance/network/looked_up.h"
#include "conformance/network/through_service.h"

PLUMB_CONFORMANCE(network, dns_external_name,
                  {.requirement = "A Service of type ExternalName MUST be an alias for that name, follow its changes, and MUST have an address instead once it is of type ClusterIP.",
                   .covers = {"DNS, for ExternalName Services"},
                   .needs = {"image", "dns"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  c.await_ready("client");
  const std::string name = "alias." + c.space() + ".svc." + cluster_domain(c, "client");
  await_found(c, "client", name, "CNAME", {"foo.example.com"});
  c.must(c.client().patch(c.in("v1", "services"), "alias", PatchKind::merge, {{"spec", {{"externalName", "bar.example.com"}}}}));
  await_found(c, "client", name, "CNAME", {"bar.example.com"});
  c.must(c.client().patch(c.in("v1", "services"), "alias", PatchKind::merge,
                          {{"spec", {{"type", "ClusterIP"}, {"externalName", nullptr}, {"ports", {{{"name", "http"}, {"port", 80}}}}}}}));
  await_found(c, "client", name, "A", {text_at(service_of(c, "alias"), "/spec/clusterIP")});
  EXPECT_TRUE(looked_up(c, "client", name, "CNAME").empty());
}
