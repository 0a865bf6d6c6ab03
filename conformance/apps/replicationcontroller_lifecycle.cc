#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, replicationcontroller_lifecycle,
                  {.requirement = "A ReplicationController MUST be created, read, listed, watched, patched, scaled through its scale subresource, have its status read and written, "
                                  "and be deleted as a collection, and its controller MUST follow.",
                   .covers = {"Replication Controller, lifecycle", "Replication Controller, get and update ReplicationController scale"},
                   .needs = {"controllers"}}) {
  using namespace plumb::harness;
  const Resource controllers = c.in("v1", "replicationcontrollers");
  const Query ours{{"labelSelector", "app=rc"}};
  c.apply("rc");
  const auto await_replicas = [&](int count) {
    c.await(controllers, "rc", "the status to count " + std::to_string(count), [&](const Json* now) {
      return now != nullptr && int_at(*now, "/status/replicas") == count && int_at(*now, "/status/observedGeneration") == int_at(*now, "/metadata/generation");
    });
  };
  await_replicas(1);
  auto from_now = ours;
  const Json now = c.must(c.client().get(controllers, "rc"));
  from_now["resourceVersion"] = version_of(now);
  const auto watch = c.must(c.client().watch(controllers, from_now));

  c.must(c.client().patch(controllers, "rc", PatchKind::merge, {{"metadata", {{"labels", {{"patched", "true"}}}}}}));
  EXPECT_EQ(text_at(c.must(c.client().get(controllers, "rc")), "/metadata/labels/patched"), "true");
  EXPECT_EQ(text_at(c.next_event(*watch).object, "/metadata/labels/patched"), "true");
  EXPECT_EQ(c.must(c.client().list({"v1", "replicationcontrollers", ""}, {{"labelSelector", "app=rc,patched=true"}}))["items"].size(), 1u);

  Json scale = c.must(c.client().get(controllers, "rc", "scale"));
  EXPECT_EQ(int_at(scale, "/spec/replicas"), 1);
  EXPECT_EQ(int_at(scale, "/status/replicas"), 1);
  scale["spec"]["replicas"] = 2;
  EXPECT_EQ(int_at(c.must(c.client().update(controllers, scale, "scale")), "/spec/replicas"), 2);
  EXPECT_EQ(int_at(c.must(c.client().get(controllers, "rc")), "/spec/replicas"), 2);
  await_replicas(2);

  // The controller writes the status, too: conditions of a kind that it does not know stay.
  c.must(c.client().patch(controllers, "rc", PatchKind::strategic,
                          {{"status", {{"conditions", {{{"type", "PlumbTest"}, {"status", "True"}, {"reason", "Tested"}}}}}}}, "status"));
  EXPECT_TRUE(has_condition(c.must(c.client().get(controllers, "rc", "status")), "PlumbTest"));
  c.must(c.client().remove_collection(controllers, ours));
  c.await_gone(controllers, "rc");
  EXPECT_EQ(c.must(c.client().list(controllers, ours))["items"].size(), 0u);
}
