#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, memory_limit,
                  {.requirement = "A container that uses more memory than its limit MUST be killed with the reason OOMKilled, and one beside it "
                                  "that stays below its own MUST run on.",
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  const Json pod = c.await(c.pods(), "limited", "the greedy container to be killed", [](const Json* object) {
    return object != nullptr && container_is(*object, "main", "terminated") && container_is(*object, "modest", "running");
  }, timeouts::pod_runs);
  EXPECT_EQ(text_at(container_status(pod, "main"), "/state/terminated/reason"), "OOMKilled");
  EXPECT_EQ(int_at(container_status(pod, "main"), "/state/terminated/exitCode"), 137);
}
