#include <gtest/gtest.h>

#include "conformance/network/through_service.h"

PLUMB_CONFORMANCE(network, service_type_traffic,
                  {.requirement = "A Service whose type changes MUST lead to its pods by the addresses and ports that its new type gives it, and no longer by those that it has lost.",
                   .covers = {},
                   .needs = {"image", "services"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  for (const char* pod : {"one", "client"}) c.await_ready(pod);
  const auto change = [&](const Json& spec) { return c.must(c.client().patch(c.in("v1", "services"), "front", PatchKind::merge, {{"spec", spec}})); };
  const Json ports = {{{"name", "http"}, {"port", 80}, {"targetPort", 8080}, {"protocol", "TCP"}}};

  const Json inside = change({{"type", "ClusterIP"}, {"externalName", nullptr}, {"ports", ports}});
  const std::string address = host_port(text_at(inside, "/spec/clusterIP"), 80);
  await_answers(c, "client", address, {"one"});

  const Json outside = change({{"type", "NodePort"}});
  const auto port = int_at(outside, "/spec/ports/0/nodePort");
  for (const std::string& node : node_addresses(c)) await_answers(c, "client", host_port(node, port), {"one"});
  await_answers(c, "client", address, {"one"});

  change({{"type", "ClusterIP"}});
  for (const std::string& node : node_addresses(c)) await_nobody(c, "client", host_port(node, port));
  await_answers(c, "client", address, {"one"});

  change({{"type", "ExternalName"}, {"externalName", "there.example"}, {"clusterIP", nullptr}, {"clusterIPs", nullptr}});
  await_nobody(c, "client", address);
}
