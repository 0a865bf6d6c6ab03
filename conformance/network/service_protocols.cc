#include <gtest/gtest.h>

#include "conformance/network/through_service.h"

namespace {

using namespace plumb::harness;

void expose(Cluster& c, const std::vector<const char*>& protocols) {
  Json ports = Json::array();
  for (const char* protocol : protocols) ports.push_back({{"name", protocol == std::string("TCP") ? "tcp" : "udp"}, {"port", 80}, {"targetPort", 8081}, {"protocol", protocol}});
  c.must(c.client().patch(c.in("v1", "services"), "front", PatchKind::merge, {{"spec", {{"ports", ports}}}}));
}

bool answers(Cluster& c, const std::string& protocol, const std::string& place) {
  const auto answer = c.exec("client", {protocol, place, "ping", "--timeout", "1"});
  return answer.exit_code == 0 && answer.out.rfind("ping", 0) == 0;
}

}  // namespace

PLUMB_CONFORMANCE(network, service_protocols,
                  {.requirement = "A Service with one port number for TCP and UDP MUST lead both to its pods, and only the one that is left when the other is taken away.",
                   .covers = {"Service, should serve endpoints on same port and different protocols."},
                   .needs = {"image", "services"}}) {
  c.apply_manifest();
  for (const char* pod : {"one", "client"}) c.await_ready(pod);
  const std::string place = host_port(text_at(service_of(c, "front"), "/spec/clusterIP"), 80);
  const auto await = [&](const std::string& what, bool tcp, bool udp) {
    c.eventually(what, [&] { return answers(c, "tcp", place) == tcp && answers(c, "udp", place) == udp; });
    EXPECT_TRUE(tcp || !answers(c, "tcp", place)) << what;
    EXPECT_TRUE(udp || !answers(c, "udp", place)) << what;
  };
  await("TCP and UDP to be answered", true, true);
  expose(c, {"TCP"});
  await("TCP alone to be answered", true, false);
  expose(c, {"UDP"});
  await("UDP alone to be answered", false, true);
  expose(c, {"TCP", "UDP"});
  await("both to be answered again", true, true);
}
