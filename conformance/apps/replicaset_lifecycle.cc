#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, replicaset_lifecycle,
                  {.requirement = "A ReplicaSet MUST run its pod, follow a scale that is written to its subresource, and take a patch of its labels, size and template, "
                                  "the template for new pods alone.",
                   .covers = {"ReplicaSet, is created, Replaced and Patched"},
                   .needs = {"image", "resource:apps/v1/replicasets"}}) {
  using namespace plumb::harness;
  const Resource sets = c.in("apps/v1", "replicasets");
  c.apply("changed");
  const auto await_ready = [&](std::int64_t count) {
    return c.await(sets, "changed", std::to_string(count) + " ready pods", [&](const Json* seen) {
      return seen != nullptr && int_at(*seen, "/status/readyReplicas") == count && int_at(*seen, "/status/replicas") == count;
    }, timeouts::rollout);
  };
  await_ready(1);
  Json scale = c.must(c.client().get(sets, "changed", "scale"));
  EXPECT_EQ(int_at(scale, "/spec/replicas"), 1);
  scale["spec"]["replicas"] = 2;
  EXPECT_EQ(int_at(c.must(c.client().update(sets, scale, "scale")), "/spec/replicas"), 2);
  EXPECT_EQ(int_at(await_ready(2), "/spec/replicas"), 2);

  const Json patched = c.must(c.client().patch(sets, "changed", PatchKind::strategic,
                                               {{"metadata", {{"labels", {{"patched", "yes"}}}}},
                                                {"spec", {{"replicas", 3}, {"template", {{"spec", {{"containers", {{{"name", "main"}, {"image", c.images().second}}}}}}}}}}}));
  EXPECT_EQ(text_at(patched, "/metadata/labels/patched"), "yes");
  await_ready(3);
  int first = 0, second = 0;
  const Json listed = c.must(c.client().list(c.pods(), {{"labelSelector", "app=changed"}}));
  for (const Json& pod : listed["items"]) {
    EXPECT_EQ(text_at(pod, "/metadata/ownerReferences/0/uid"), text_at(patched, "/metadata/uid"));
    (text_at(pod, "/spec/containers/0/image") == c.images().second ? second : first)++;
  }
  EXPECT_EQ(first, 2) << "pods that are there stay as they are";
  EXPECT_EQ(second, 1);
}
