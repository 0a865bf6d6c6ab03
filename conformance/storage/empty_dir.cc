#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(storage, empty_dir,
                  {.requirement = "An emptyDir MUST begin empty, be shared by the pod's containers, keep its files when a container restarts, sit "
                                  "in memory where asked, and be the pod's alone.",
                   .covers = {"EmptyDir, Shared volumes between containers"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  for (const char* pod : {"sharing", "other"}) c.await_ready(pod);
  c.output("sharing", {"write", "/disk/file", "shared"}, "main");
  EXPECT_EQ(c.output("sharing", {"cat", "/there/file"}, "side"), "shared");
  EXPECT_EQ(c.exec("other", {"cat", "/disk/file"}, "main").exit_code, 1) << "another pod's volume";
  EXPECT_TRUE(has(c.output("sharing", {"file", "/memory"}, "main"), " tmpfs "));
  EXPECT_TRUE(has(c.output("sharing", {"file", "/disk"}, "main"), "mode=0777"));
  (void)c.exec("sharing", {"get", "http://127.0.0.1:8080/exit?code=1"}, "main");
  c.await(c.pods(), "sharing", "the container to be restarted", [](const Json* pod) {
    return pod != nullptr && int_at(container_status(*pod, "main"), "/restartCount") == 1 && container_is(*pod, "main", "running");
  }, timeouts::pod_runs);
  EXPECT_EQ(c.output("sharing", {"cat", "/disk/file"}, "main"), "shared");
}
