#include <gtest/gtest.h>

#include "conformance/network/looked_up.h"
#include "conformance/network/through_service.h"

namespace {

using namespace plumb::harness;

struct Front {
  Cluster& c;
  std::string name, elsewhere;  // its own, and that of another Service

  Json change(const Json& spec) { return c.must(c.client().patch(c.in("v1", "services"), "front", PatchKind::merge, {{"spec", spec}})); }
  Json to_type(const char* type) {
    return change({{"type", type}, {"externalName", nullptr}, {"ports", {{{"name", "http"}, {"port", 80}, {"targetPort", 8080}, {"protocol", "TCP"}}}}});
  }
  // Its name leads to the other Service; it has neither address nor port of its own.
  void to_external_name() {
    const Json service = change({{"type", "ExternalName"}, {"externalName", elsewhere}, {"clusterIP", nullptr}, {"clusterIPs", nullptr}});
    EXPECT_EQ(text_at(service, "/spec/clusterIP"), "");
    EXPECT_EQ(int_at(service, "/spec/ports/0/nodePort"), 0);
    await_found(c, "client", name, "A", {text_at(service_of(c, "elsewhere"), "/spec/clusterIP")});
  }
  // Answers at its address, which its name is for.
  void await_address(const Json& service) {
    const std::string address = text_at(service, "/spec/clusterIP");
    c.require(!address.empty(), "the Service has no cluster IP");
    await_found(c, "client", name, "A", {address});
    await_answers(c, "client", host_port(address, 80), {"one"});
  }
};

}  // namespace

PLUMB_CONFORMANCE(network, service_type_traffic,
                  {.requirement = "A Service whose type changes MUST lead to its pods by the name, addresses and ports that its new type gives it, and no longer by those that it has lost.",
                   .covers = {"Service, change type, ExternalName to ClusterIP", "Service, change type, ClusterIP to ExternalName", "Service, change type, ExternalName to NodePort",
                              "Service, change type, NodePort to ExternalName"},
                   .needs = {"image", "services", "dns"}}) {
  for (const char* object : {"one", "client", "elsewhere"}) c.apply(object);
  for (const char* pod : {"one", "client"}) c.await_ready(pod);
  const std::string domain = "." + c.space() + ".svc." + cluster_domain(c, "client");
  Front front{c, "front" + domain, "elsewhere" + domain};
  EXPECT_EQ(text_at(c.apply("front", {{"ELSEWHERE", front.elsewhere}}), "/spec/clusterIP"), "");
  await_found(c, "client", front.name, "CNAME", {front.elsewhere});

  const Json inside = front.to_type("ClusterIP");
  front.await_address(inside);
  front.to_external_name();
  await_nobody(c, "client", host_port(text_at(inside, "/spec/clusterIP"), 80));

  const Json outside = front.to_type("NodePort");
  front.await_address(outside);
  const auto port = int_at(outside, "/spec/ports/0/nodePort");
  c.require(port > 0, "the Service has no node port");
  for (const std::string& node : node_addresses(c)) await_answers(c, "client", host_port(node, port), {"one"});

  front.await_address(front.to_type("ClusterIP"));
  for (const std::string& node : node_addresses(c)) await_nobody(c, "client", host_port(node, port));
  const Json again = front.to_type("NodePort");
  const auto new_port = int_at(again, "/spec/ports/0/nodePort");
  for (const std::string& node : node_addresses(c)) await_answers(c, "client", host_port(node, new_port), {"one"});
  front.to_external_name();
  for (const std::string& node : node_addresses(c)) await_nobody(c, "client", host_port(node, new_port));
  await_nobody(c, "client", host_port(text_at(again, "/spec/clusterIP"), 80));
}
