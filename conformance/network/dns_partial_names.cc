#include <gtest/gtest.h>

#include "conformance/network/through_service.h"
#include "conformance/network/looked_up.h"

PLUMB_CONFORMANCE(network, dns_partial_names,
                  {.requirement = "A pod MUST find Services by partial names, which its search list completes: those of its own namespace by name alone, those of others with their namespace, and "
                                  "MUST get their pods' answers there.",
                   .covers = {"DNS, PQDN for services"},
                   .needs = {"image", "dns", "services"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  c.await_ready("server");
  c.await_ready("client");
  const std::set<std::string> address{text_at(service_of(c, "front"), "/spec/clusterIP")};
  await_found(c, "client", "front", "A", address);
  for (const std::string& name : {"front." + c.space(), "front." + c.space() + ".svc"}) EXPECT_EQ(looked_up(c, "client", name), address) << name;
  await_answers(c, "client", "front:80", {"server"});
}
