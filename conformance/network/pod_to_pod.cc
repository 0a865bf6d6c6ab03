#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/conformance_test.h"
#include "harness/runner/needs.h"

PLUMB_CONFORMANCE(network, pod_to_pod,
                  {.requirement = "Pods MUST reach each other by address over HTTP, TCP and UDP on one node and across nodes, and each MUST be "
                                  "seen under its own address.",
                   .covers = {"Networking, intra pod http", "Networking, intra pod udp"},
                   .needs = {"image", "nodes>=2"}}) {
  using namespace plumb::harness;
  const auto nodes = c.must(usable_nodes(c.client()));
  for (const auto& [pod, node] : {std::pair("one", 0), std::pair("near", 0), std::pair("two", 1)}) c.apply(pod, {{"NODE", nodes[node]}});
  std::map<std::string, Json> found;
  c.await_all(c.pods(), {{"labelSelector", "app=mesh"}}, "the pods to be ready", [&](const Cluster::Objects& pods) {
    found = {pods.begin(), pods.end()};
    return pods.size() == 3 && std::all_of(pods.begin(), pods.end(), [](const auto& pod) { return has_condition(pod.second, "Ready"); });
  }, timeouts::pod_runs);
  EXPECT_NE(text_at(found["one"], "/spec/nodeName"), text_at(found["two"], "/spec/nodeName"));
  EXPECT_EQ(text_at(found["one"], "/spec/nodeName"), text_at(found["near"], "/spec/nodeName"));
  for (const auto& [from, client] : found) {
    for (const auto& [to, server] : found) {
      const std::string address = text_at(server, "/status/podIP");
      EXPECT_EQ(c.output(from, {"get", "http://" + address + ":8080/hostname"}), to) << "from " << from;
      EXPECT_EQ(c.output(from, {"tcp", address + ":8081", "over-tcp"}), "over-tcp") << from << " to " << to;
      EXPECT_EQ(c.output(from, {"udp", address + ":8082", "over-udp"}), "over-udp") << from << " to " << to;
      if (from == to) continue;
      const std::string seen = c.output(from, {"get", "http://" + address + ":8080/clientip"});
      EXPECT_EQ(seen.substr(0, seen.rfind(':')), text_at(client, "/status/podIP")) << from << " as " << to << " sees it";
    }
  }
}
