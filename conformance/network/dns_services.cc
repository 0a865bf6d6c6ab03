#include <gtest/gtest.h>

#include "conformance/network/looked_up.h"
#include "conformance/network/through_service.h"

namespace {

using namespace plumb::harness;

// Of "0 100 80 name." what counts: port and name.
std::set<std::string> places(plumb::harness::Cluster& c, const std::string& name) {
  std::set<std::string> found;
  for (const std::string& value : looked_up(c, "client", name, "SRV")) {
    std::istringstream words(value);
    std::string priority, weight, port, target;
    words >> priority >> weight >> port >> target;
    found.insert(port + " " + target);
  }
  return found;
}

}  // namespace

PLUMB_CONFORMANCE(network, dns_services,
                  {.requirement = "A Service MUST have its cluster IP, and a headless one the addresses of its ready pods, as addresses of its name; each named port MUST be an SRV record; and a "
                                  "cluster IP MUST lead back to the name.",
                   .covers = {"DNS, services"},
                   .needs = {"image", "dns"}}) {
  c.apply_manifest();
  const Json server = c.await_ready("server");
  c.await_ready("client");
  const std::string suffix = c.space() + ".svc." + cluster_domain(c, "client"), front = "front." + suffix, headless = "headless." + suffix;
  const std::string address = text_at(service_of(c, "front"), "/spec/clusterIP"), pod = text_at(server, "/status/podIP");
  await_found(c, "client", front, "A", {address});
  await_found(c, "client", headless, "A", {pod});
  EXPECT_EQ(places(c, "_http._tcp." + front), std::set<std::string>{"80 " + front});
  const auto endpoints = places(c, "_http._tcp." + headless);
  ASSERT_EQ(endpoints.size(), 1u);
  EXPECT_TRUE(endpoints.begin()->starts_with("8080 ") && endpoints.begin()->ends_with("." + headless)) << *endpoints.begin();
  EXPECT_EQ(looked_up(c, "client", endpoints.begin()->substr(5)), std::set<std::string>{pod});
  if (const std::string reverse = reverse_name(address); !reverse.empty()) {
    EXPECT_EQ(looked_up(c, "client", reverse, "PTR"), std::set<std::string>{front});
  }
  c.must(c.client().remove(c.pods(), "server"));
  await_found(c, "client", headless, "A", {});
  c.must(c.client().remove(c.in("v1", "services"), "front"));
  await_found(c, "client", front, "A", {});
}
