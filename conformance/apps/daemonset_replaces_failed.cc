#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, daemonset_replaces_failed,
                  {.requirement = "A pod of a DaemonSet that has failed MUST be deleted, and another made on its node.",
                   .covers = {"DaemonSet-FailedPodCreation"},
                   .needs = {"image", "resource:apps/v1/daemonsets"},
                   .serial = true}) {
  using namespace plumb::harness;
  const Query ours{{"labelSelector", "app=kept"}};
  const auto ready_count = [](const Json* set) {
    return set != nullptr && int_at(*set, "/status/desiredNumberScheduled") > 0 && int_at(*set, "/status/numberAvailable") == int_at(*set, "/status/desiredNumberScheduled");
  };
  c.apply("kept");
  c.await(c.in("apps/v1", "daemonsets"), "kept", "a pod on every node", ready_count, timeouts::rollout);
  const Json victim = c.must(c.client().list(c.pods(), ours))["items"][0];
  c.must(c.client().patch(c.pods(), name_of(victim), PatchKind::merge, {{"status", {{"phase", "Failed"}}}}, "status"));
  c.await_gone(c.pods(), name_of(victim), timeouts::pod_gone);
  c.await_all(c.pods(), ours, "another pod on its node", [&](const Cluster::Objects& pods) {
    return std::any_of(pods.begin(), pods.end(), [&](const auto& one) {
      return text_at(one.second, "/spec/nodeName") == text_at(victim, "/spec/nodeName") && has_condition(one.second, "Ready");
    });
  }, timeouts::rollout);
}
