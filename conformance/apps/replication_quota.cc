#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, replication_quota,
                  {.requirement = "A ReplicationController that may not make all of its pods because of a quota MUST say so by a condition, and "
                                  "MUST take it back once it needs no more than the quota allows.",
                   .covers = {"Replication Controller, check for issues like exceeding allocated quota"},
                   .needs = {"controllers", "resource:v1/replicationcontrollers"}}) {
  using namespace plumb::harness;
  const Resource controllers = c.in("v1", "replicationcontrollers"), quotas = c.in("v1", "resourcequotas");
  c.apply("two");
  c.await(quotas, "two", "the quota to be in force",
          [](const Json* quota) { return quota != nullptr && at(*quota, "/status/used", Json::object()).value("pods", "") == "0"; });
  c.apply("greedy");
  const Json failed = c.await(controllers, "greedy", "it to tell of the failure",
                              [](const Json* object) { return object != nullptr && has_condition(*object, "ReplicaFailure"); });
  EXPECT_EQ(int_at(failed, "/spec/replicas"), 3);
  const auto pods = [&] { return c.must(c.client().list(c.pods(), {{"labelSelector", "app=greedy"}}))["items"].size(); };
  c.eventually("two pods to be made", [&] { return pods() == 2; });
  c.must(c.client().patch(controllers, "greedy", PatchKind::merge, {{"spec", {{"replicas", 2}}}}));
  const Json settled = c.await(controllers, "greedy", "the failure to be taken back", [](const Json* object) {
    return object != nullptr && int_at(*object, "/status/observedGeneration") == int_at(*object, "/metadata/generation") &&
           int_at(*object, "/status/replicas") == 2 && !has_condition(*object, "ReplicaFailure");
  });
  EXPECT_EQ(pods(), 2u) << settled["status"].dump();
}
