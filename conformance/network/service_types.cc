#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

namespace {

using namespace plumb::harness;

Json to_external_name() { return {{"spec", {{"type", "ExternalName"}, {"externalName", "there.example"}, {"clusterIP", nullptr}, {"clusterIPs", nullptr}}}}; }
Json to_type(const char* type) { return {{"spec", {{"type", type}, {"externalName", nullptr}, {"ports", {{{"name", "http"}, {"port", 80}, {"protocol", "TCP"}}}}}}}; }

}  // namespace

PLUMB_CONFORMANCE(network, service_types,
                  {.requirement = "A Service MUST get a cluster IP and, where its type has them, node ports of its own, MUST keep them while its type has them, and MUST let "
                                  "them go when its type changes or it is deleted.",
                   .covers = {}}) {
  const Resource services = c.in("v1", "services");
  c.create({{"apiVersion", "v1"}, {"kind", "Service"}, {"metadata", {{"name", "changing"}}}, {"spec", {{"type", "ExternalName"}, {"externalName", "here.example"}}}});
  EXPECT_EQ(text_at(c.must(c.client().get(services, "changing")), "/spec/clusterIP"), "");

  const Json node_port = c.must(c.client().patch(services, "changing", PatchKind::merge, to_type("NodePort")));
  const std::string ip = text_at(node_port, "/spec/clusterIP");
  const auto port = int_at(node_port, "/spec/ports/0/nodePort");
  EXPECT_FALSE(ip.empty());
  EXPECT_EQ(text_at(node_port, "/spec/clusterIPs/0"), ip);
  EXPECT_GT(port, 0);

  const Json other = {{"apiVersion", "v1"}, {"kind", "Service"}, {"metadata", {{"name", "other"}}}, {"spec", {{"type", "NodePort"}, {"ports", {{{"port", 80}, {"nodePort", port}}}}}}};
  c.refused(c.client().create(services, other), 422, "Invalid");
  const Json same_ip = {{"apiVersion", "v1"}, {"kind", "Service"}, {"metadata", {{"name", "same"}}}, {"spec", {{"clusterIP", ip}, {"ports", {{{"port", 80}}}}}}};
  c.refused(c.client().create(services, same_ip), 422, "Invalid");
  c.refused(c.client().patch(services, "changing", PatchKind::merge, {{"spec", {{"clusterIP", "192.0.2.77"}, {"clusterIPs", {"192.0.2.77"}}}}}), 422, "Invalid");

  const Json cluster_ip = c.must(c.client().patch(services, "changing", PatchKind::merge, {{"spec", {{"type", "ClusterIP"}}}}));
  EXPECT_EQ(text_at(cluster_ip, "/spec/clusterIP"), ip);
  EXPECT_EQ(int_at(cluster_ip, "/spec/ports/0/nodePort"), 0);
  c.create(other);  // the port is free
  c.must(c.client().remove(services, "other"));

  const Json external = c.must(c.client().patch(services, "changing", PatchKind::merge, to_external_name()));
  EXPECT_EQ(text_at(external, "/spec/clusterIP"), "");
  EXPECT_FALSE(external["spec"].contains("clusterIPs")) << external["spec"].dump();
  c.create(same_ip);  // and so is the address
  c.must(c.client().remove(services, "same"));
  c.must(c.client().remove(services, "changing"));
}
