#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, restart_policy,
                  {.requirement = "A container that ends MUST be restarted always, only after a failure, or never, as the policy says, with "
                                  "growing pauses, and the pod's phase and restart counts MUST tell so.",
                   .covers = {"Container Runtime, Restart Policy, Pod Phases"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  const Json failed = c.await_end("never", "Failed");
  EXPECT_EQ(int_at(container_status(failed, "main"), "/state/terminated/exitCode"), 7);
  EXPECT_EQ(text_at(container_status(failed, "main"), "/state/terminated/reason"), "Error");
  EXPECT_EQ(int_at(container_status(failed, "main"), "/restartCount"), 0);

  const auto restarts = [](const Json* pod, int count) { return pod != nullptr && int_at(container_status(*pod, "main"), "/restartCount") >= count; };
  c.await(c.pods(), "on-failure", "a restart after the failure", [&](const Json* pod) { return restarts(pod, 1); }, timeouts::pod_runs);
  c.output("on-failure", {"write", "/data/flag", "x"}, "helper");
  c.await(c.pods(), "on-failure", "the container to succeed", [](const Json* pod) {
    return pod != nullptr && text_at(container_status(*pod, "main"), "/state/terminated/reason") == "Completed";
  }, timeouts::pod_runs);
  (void)c.exec("on-failure", {"get", "http://127.0.0.1:8080/exit?code=0"}, "helper");
  const Json done = c.await_end("on-failure");
  EXPECT_GE(int_at(container_status(done, "main"), "/restartCount"), 1);
  EXPECT_EQ(int_at(container_status(done, "helper"), "/restartCount"), 0) << "success is not restarted";

  const Json always = c.await(c.pods(), "always", "restarts after success", [&](const Json* pod) { return restarts(pod, 2); }, timeouts::pod_runs);
  EXPECT_EQ(text_at(always, "/status/phase"), "Running");
  c.await(c.pods(), "always", "the next restart to be held back", [](const Json* pod) {
    return pod != nullptr && text_at(container_status(*pod, "main"), "/state/waiting/reason") == "CrashLoopBackOff";
  }, timeouts::pod_runs);
}
