#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, init_containers,
                  {.requirement = "Init containers MUST run to success one after the other before any other container starts, and when one fails "
                                  "the others MUST NOT start: the pod fails, or the init container is tried again, as the restart policy says.",
                   .covers = {"init-container-starts-app-restartalways-pod", "init-container-starts-app-restartnever-pod",
                              "init-container-fails-stops-app-restartnever-pod", "init-container-fails-stops-app-restartalways-pod"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  const Json never = c.await_end("never");
  EXPECT_EQ(c.logs("never", {{"container", "main"}}), "one,two,");
  for (const char* container : {"one", "two", "main"}) {
    EXPECT_EQ(text_at(container_status(never, container), "/state/terminated/reason"), "Completed") << container;
    EXPECT_EQ(int_at(container_status(never, container), "/restartCount"), 0) << container;
  }
  const Json always = c.await_ready("always");
  EXPECT_TRUE(has_condition(always, "Initialized"));
  EXPECT_TRUE(container_is(always, "main", "running"));
  EXPECT_EQ(c.output("always", {"cat", "/data/order"}), "one,two,");

  const Json failed = c.await_end("fails", "Failed");
  EXPECT_EQ(int_at(container_status(failed, "one"), "/state/terminated/exitCode"), 3);
  EXPECT_TRUE(container_is(failed, "two", "waiting")) << "it comes after the one that failed";
  EXPECT_TRUE(container_is(failed, "main", "waiting"));
  EXPECT_FALSE(has_condition(failed, "Initialized"));
  const Json retried = c.await(c.pods(), "retries", "the failing init container to be tried again",
                               [](const Json* pod) { return pod != nullptr && int_at(container_status(*pod, "one"), "/restartCount") >= 2; }, timeouts::pod_runs);
  EXPECT_EQ(text_at(retried, "/status/phase"), "Pending");
  EXPECT_TRUE(container_is(retried, "main", "waiting"));
  EXPECT_EQ(int_at(container_status(retried, "main"), "/restartCount"), 0);
}
