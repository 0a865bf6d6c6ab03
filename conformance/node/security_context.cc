#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(node, security_context,
                  {.requirement = "Containers MUST run as the user and groups, with the capabilities, the privilege escalation and the root file "
                                  "system that their security context, or else the pod's, says.",
                   .covers = {"Security Context, runAsUser=65534", "Security Context, test RunAsGroup at container level",
                              "Security Context, test RunAsGroup at pod level", "Security Context, privileged=false.",
                              "Security Context, readOnlyRootFilesystem=false.", "Security Context, allowPrivilegeEscalation=false.",
                              "Kubelet, pod with read only root file system"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  const auto told = [&](const std::string& pod, const std::string& container = "main") {
    c.await_end(pod);
    return c.logs(pod, {{"container", container}});
  };
  const auto begins = [](const std::string& text, const std::string& with) { return text.rfind(with, 0) == 0; };
  EXPECT_TRUE(begins(told("users"), "uid=1001 gid=2002 ")) << "the pod's: " << told("users");
  EXPECT_TRUE(has(told("users"), "3003")) << "fsGroup is one of its groups";
  EXPECT_TRUE(begins(told("users", "own"), "uid=65534 gid=2002 ")) << "the container's user wins";
  EXPECT_TRUE(begins(told("users", "both"), "uid=1000 gid=1000 "));
  EXPECT_TRUE(has(told("rights"), "NoNewPrivs:\t1"));
  EXPECT_TRUE(begins(told("rights"), "uid=1000 "));
  EXPECT_TRUE(has(told("rights", "dropped"), "CapEff:\t0000000000000000"));
  const auto capabilities = [](const std::string& text) {
    const auto found = text.find("CapEff:\t");
    return found == std::string::npos ? 0 : std::stoull(text.substr(found + 8, 16), nullptr, 16);
  };
  constexpr unsigned long long net_admin = 1ull << 12, sys_admin = 1ull << 21;
  EXPECT_EQ(capabilities(told("rights", "unprivileged")) & (net_admin | sys_admin), 0u);
  EXPECT_NE(capabilities(told("rights", "added")) & net_admin, 0u);
  c.await_end("writable");
  c.await_end("read-only", "Failed");
  EXPECT_TRUE(has(c.logs("read-only"), "Read-only file system"));
}
