#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, host_name,
                  {.requirement = "A pod's containers MUST share its name, or the one it asks for, as host name, and see it, its address and its "
                                  "host aliases in /etc/hosts.",
                   .covers = {"Kubelet, hostAliases"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  const Json plain = c.await_ready("plain");
  EXPECT_EQ(c.output("plain", {"get", "http://127.0.0.1:8080/hostname"}), "plain");
  const std::string hosts = c.output("plain", {"cat", "/etc/hosts"});
  EXPECT_NE(hosts.find(text_at(plain, "/status/podIP") + "\tplain"), std::string::npos) << hosts;
  EXPECT_NE(hosts.find("127.0.0.1\tlocalhost"), std::string::npos) << hosts;
  EXPECT_NE(hosts.find("192.0.2.7\tone.example\ttwo.example"), std::string::npos) << hosts;
  const Json named = c.await_ready("named");
  EXPECT_EQ(c.output("named", {"get", "http://127.0.0.1:8080/hostname"}), "chosen");
  const std::string chosen = c.output("named", {"cat", "/etc/hosts"});
  EXPECT_NE(chosen.find(text_at(named, "/status/podIP") + "\tchosen.domain." + c.space() + ".svc."), std::string::npos) << chosen;
}
