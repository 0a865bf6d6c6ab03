#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, replicationcontroller_serves,
                  {.requirement = "A ReplicationController MUST run its pods from the image that it names, and each MUST serve what the image serves.",
                   .covers = {"Replication Controller, run basic image"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply("serving");
  c.await(c.in("v1", "replicationcontrollers"), "serving", "its pods to be ready", [](const Json* object) { return object != nullptr && int_at(*object, "/status/readyReplicas") == 2; },
          timeouts::rollout);
  const Json pods = c.must(c.client().list(c.pods(), {{"labelSelector", "app=serving"}}))["items"];
  ASSERT_EQ(pods.size(), 2u);
  for (const Json& pod : pods) EXPECT_EQ(c.output(name_of(pod), {"get", "http://127.0.0.1:8080/hostname"}), name_of(pod));
}
