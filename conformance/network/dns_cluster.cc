#include <gtest/gtest.h>

#include "conformance/network/looked_up.h"

PLUMB_CONFORMANCE(network, dns_cluster,
                  {.requirement = "A pod MUST find the API server's Service by its name within the cluster, short and whole, over UDP and TCP, and MUST be told that other names of the "
                                  "cluster do not exist.",
                   .covers = {"DNS, cluster"},
                   .needs = {"image", "dns"}}) {
  using namespace plumb::harness;
  c.start("client");
  const std::string address = text_at(c.must(c.client().get({"v1", "services", "default"}, "kubernetes")), "/spec/clusterIP");
  await_found(c, "client", "kubernetes.default", "A", {address});
  const std::string whole = "kubernetes.default.svc." + cluster_domain(c, "client");
  for (const std::string& name : {std::string("kubernetes.default.svc"), whole, "KUBERNETES.default.svc." + cluster_domain(c, "client")}) EXPECT_EQ(looked_up(c, "client", name), std::set<std::string>{address}) << name;
  EXPECT_EQ(looked_up(c, "client", whole, "A", {"--tcp"}), std::set<std::string>{address});
  EXPECT_EQ(looked_up(c, "client", "dns-version." + cluster_domain(c, "client"), "TXT").size(), 1u);
  EXPECT_TRUE(looked_up(c, "client", "no-such-service.default.svc." + cluster_domain(c, "client")).empty());
}
