#include <gtest/gtest.h>

#include "conformance/network/looked_up.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(network, dns_pods,
                  {.requirement = "A pod with a host name, in the subdomain of a headless Service that selects it, MUST be found by that name, by others and by itself, and its address MUST "
                                  "lead back to the name.",
                   .covers = {"DNS, resolve the hostname", "DNS, resolve the subdomain"},
                   .needs = {"image", "dns"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  const Json member = c.await_ready("member");
  c.await_ready("client");
  const std::string whole = "first.group." + c.space() + ".svc." + cluster_domain(c, "client"), address = text_at(member, "/status/podIP");
  await_found(c, "client", whole, "A", {address});
  EXPECT_EQ(looked_up(c, "client", "first.group"), std::set<std::string>{address});
  EXPECT_EQ(looked_up(c, "member", "first.group"), std::set<std::string>{address});
  EXPECT_TRUE(looked_up(c, "client", "second.group").empty());
  if (const std::string reverse = reverse_name(address); !reverse.empty()) {
    EXPECT_EQ(looked_up(c, "client", reverse, "PTR"), std::set<std::string>{whole});
  }
  EXPECT_TRUE(has(c.output("member", {"cat", "/etc/hosts"}), address + "\t" + whole + "\tfirst"));
}
