#include <gtest/gtest.h>

#include "conformance/network/looked_up.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(network, dns_config,
                  {.requirement = "A pod MUST be given the name servers, search list and options that its dnsPolicy and dnsConfig say: with policy None those of dnsConfig alone, with ClusterFirst the "
                                  "cluster's and those of dnsConfig, with Default none of the cluster's.",
                   .covers = {"DNS, custom dnsConfig"},
                   .needs = {"image", "dns"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  for (const char* pod : {"custom", "added", "host"}) c.await_ready(pod);
  const std::string custom = c.output("custom", {"cat", "/etc/resolv.conf"});
  EXPECT_TRUE(has(custom, "nameserver 192.0.2.53"));
  EXPECT_TRUE(has(custom, "search one.example two.example"));
  EXPECT_TRUE(has(custom, "ndots:2"));
  EXPECT_TRUE(has(custom, "edns0"));
  EXPECT_EQ(custom.find("svc."), std::string::npos);
  const std::string added = c.output("added", {"cat", "/etc/resolv.conf"}), domain = cluster_domain(c, "added");
  EXPECT_TRUE(has(added, "search " + c.space() + ".svc." + domain + " svc." + domain + " " + domain));
  EXPECT_TRUE(has(added, "one.example"));
  EXPECT_TRUE(has(added, "ndots:5"));
  EXPECT_EQ(c.output("host", {"cat", "/etc/resolv.conf"}).find("svc."), std::string::npos);
}
