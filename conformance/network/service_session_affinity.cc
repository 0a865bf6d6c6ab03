#include <gtest/gtest.h>

#include "conformance/network/looked_up.h"
#include "conformance/network/through_service.h"

namespace {

using namespace plumb::harness;

constexpr int many = 15;

// The pods that answer `many` questions in a row.
std::set<std::string> answers(Cluster& c, const std::string& place) {
  std::set<std::string> seen;
  for (int i = 0; i < many; ++i) {
    std::string one;
    c.eventually("an answer at " + place, [&] { return !(one = who_answers(c, "client", place)).empty(); });
    seen.insert(one);
  }
  return seen;
}

void set_affinity(Cluster& c, const char* affinity) {
  c.must(c.client().patch(c.in("v1", "services"), "front", PatchKind::merge, {{"spec", {{"sessionAffinity", affinity}, {"sessionAffinityConfig", nullptr}}}}));
}

}  // namespace

PLUMB_CONFORMANCE(network, service_session_affinity,
                  {.requirement = "While its sessionAffinity is ClientIP, a Service MUST lead all connections of a client to one pod, at its cluster address, which its name is for, and at "
                                  "its node port on every node, and MUST lead them to all pods again when it is None.",
                   .covers = {"Service, ClusterIP type, session affinity to ClientIP", "Service, ClusterIP type, session affinity to None",
                              "Service, NodePort type, session affinity to ClientIP", "Service, NodePort type, session affinity to None"},
                   .needs = {"image", "services", "dns"}}) {
  c.apply_manifest();
  for (const char* pod : {"one", "two", "three", "client"}) c.await_ready(pod);
  const std::string address = text_at(service_of(c, "front"), "/spec/clusterIP");
  await_found(c, "client", "front." + c.space() + ".svc." + cluster_domain(c, "client"), "A", {address});
  std::vector<std::string> places{host_port(address, 80)};
  const auto one_pod = [&](const std::string& place) { return answers(c, place).size() == 1; };
  const auto await_one_pod = [&] {
    for (const std::string& place : places) c.eventually("one pod alone to answer at " + place, [&] { return one_pod(place); });
    for (const std::string& place : places) EXPECT_TRUE(one_pod(place)) << place;
  };
  for (const char* type : {"ClusterIP", "NodePort"}) {
    const Json service = c.must(c.client().patch(c.in("v1", "services"), "front", PatchKind::merge, {{"spec", {{"type", type}}}}));
    if (const auto port = int_at(service, "/spec/ports/0/nodePort"); port > 0)
      for (const std::string& node : node_addresses(c)) places.push_back(host_port(node, port));
    c.require(places.size() > 1 || type == std::string("ClusterIP"), "the Service has no node port");
    await_one_pod();
    set_affinity(c, "None");
    for (const std::string& place : places) await_answers(c, "client", place, {"one", "two", "three"});
    set_affinity(c, "ClientIP");
    await_one_pod();
  }
}
