#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

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
  EXPECT_TRUE(has(hosts, text_at(plain, "/status/podIP") + "\tplain"));
  EXPECT_TRUE(has(hosts, "127.0.0.1\tlocalhost"));
  EXPECT_TRUE(has(hosts, "192.0.2.7\tone.example\ttwo.example"));
  const Json named = c.await_ready("named");
  EXPECT_EQ(c.output("named", {"get", "http://127.0.0.1:8080/hostname"}), "chosen");
  const std::string chosen = c.output("named", {"cat", "/etc/hosts"});
  EXPECT_TRUE(has(chosen, text_at(named, "/status/podIP") + "\tchosen.domain." + c.space() + ".svc."));
}
