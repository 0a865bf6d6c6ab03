#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(apps, replicaset_replaces,
                  {.requirement = "A ReplicaSet MUST keep its number of pods running and serving: one that is deleted or fails for good is "
                                  "replaced, and its status counts what is ready and available.",
                   .covers = {"Replica Set, run basic image"},
                   .needs = {"image", "resource:apps/v1/replicasets"}}) {
  using namespace plumb::harness;
  const Resource sets = c.in("apps/v1", "replicasets");
  c.apply("kept");
  const auto await_ready = [&] {
    const Json set = c.await(sets, "kept", "its pods to be ready", [](const Json* object) { return object != nullptr && int_at(*object, "/status/readyReplicas") == 2; }, timeouts::rollout);
    std::vector<std::string> names;
    const Json listed = c.must(c.client().list(c.pods(), {{"labelSelector", "app=kept"}}));
    for (const Json& pod : listed["items"]) {
      if (!pod["metadata"].contains("deletionTimestamp")) names.push_back(name_of(pod));
    }
    return names;
  };
  const auto first = await_ready();
  ASSERT_EQ(first.size(), 2u);
  for (const std::string& pod : first) EXPECT_EQ(c.output(pod, {"get", "http://127.0.0.1:8080/hostname"}), pod);
  c.must(c.client().remove(c.pods(), first[0]));
  c.await(sets, "kept", "the loss to be counted", [](const Json* object) { return object != nullptr && int_at(*object, "/status/readyReplicas") < 2; });
  const auto second = await_ready();
  ASSERT_EQ(second.size(), 2u);
  EXPECT_TRUE(has(second, first[1])) << "the other one stays";
  EXPECT_EQ(std::find(second.begin(), second.end(), first[0]), second.end());
  const Json status = at(c.must(c.client().get(sets, "kept")), "/status");
  EXPECT_EQ(int_at(status, "/replicas"), 2);
  EXPECT_EQ(int_at(status, "/fullyLabeledReplicas"), 2);
  EXPECT_EQ(int_at(status, "/availableReplicas"), 2);
}
