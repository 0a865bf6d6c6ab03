#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(node, etc_hosts,
                  {.requirement = "/etc/hosts of a pod's containers MUST be the kubelet's, unless a container mounts a file there itself, or the pod has its node's network.",
                   .covers = {"Kubelet, managed etc hosts"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  const std::string mark = "# Kubernetes-managed hosts file";
  for (const char* pod : {"own", "host"}) c.await_ready(pod);
  for (const char* container : {"main", "other"}) {
    const std::string hosts = c.output("own", {"cat", "/etc/hosts"}, container);
    EXPECT_TRUE(has(hosts, mark + ".")) << hosts;
    EXPECT_TRUE(has(hosts, "\town")) << hosts;
  }
  EXPECT_FALSE(has(c.output("own", {"cat", "/etc/hosts"}, "mounts"), mark));
  const std::string node = c.output("own", {"cat", "/etc/hosts"}, "mounts");
  for (const char* container : {"main", "mounts"}) {
    const std::string hosts = c.output("host", {"cat", "/etc/hosts"}, container);
    EXPECT_FALSE(has(hosts, mark + ".")) << hosts;
    EXPECT_TRUE(has(hosts, node)) << hosts << "\nis not what the node has:\n" << node;
  }
}
