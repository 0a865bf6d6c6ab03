#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, daemonset_rolling_update,
                  {.requirement = "A DaemonSet with update strategy RollingUpdate MUST replace every pod by one of the new template, labelled with the hash of a new revision, "
                                  "with no more than maxUnavailable of them missing.",
                   .covers = {"DaemonSet-RollingUpdate"},
                   .needs = {"image", "resource:apps/v1/daemonsets"},
                   .serial = true}) {
  using namespace plumb::harness;
  const Resource sets = c.in("apps/v1", "daemonsets"), revisions = c.in("apps/v1", "controllerrevisions");
  const Query ours{{"labelSelector", "app=agent"}};
  std::int64_t most_missing = 0;
  const auto await_rollout = [&] {
    return c.await(sets, "agent", "the rollout", [&](const Json* set) {
      if (set == nullptr) return false;
      const std::int64_t desired = int_at(*set, "/status/desiredNumberScheduled");
      most_missing = std::max(most_missing, int_at(*set, "/status/numberUnavailable"));
      return int_at(*set, "/status/observedGeneration") == int_at(*set, "/metadata/generation") && desired > 0 &&
             int_at(*set, "/status/updatedNumberScheduled") == desired && int_at(*set, "/status/numberAvailable") == desired;
    }, timeouts::rollout);
  };
  const auto latest_hash = [&](std::int64_t number) {
    std::string hash;
    const Json listed = c.must(c.client().list(revisions, ours));
    for (const Json& revision : listed["items"])
      if (int_at(revision, "/revision") == number) hash = text_at(revision, "/metadata/labels/controller-revision-hash");
    return hash;
  };
  const auto expect_pods = [&](const std::string& image, const std::string& hash) {
    const Json listed = c.must(c.client().list(c.pods(), ours));
    for (const Json& pod : listed["items"]) {
      if (pod["metadata"].contains("deletionTimestamp")) continue;
      EXPECT_EQ(text_at(pod, "/spec/containers/0/image"), image) << name_of(pod);
      EXPECT_EQ(text_at(pod, "/metadata/labels/controller-revision-hash"), hash) << name_of(pod);
    }
  };
  c.apply("agent");
  await_rollout();
  const std::string first = latest_hash(1);
  ASSERT_NE(first, "");
  expect_pods(c.images().first, first);
  most_missing = 0;
  c.must(c.client().patch(sets, "agent", PatchKind::strategic,
                          {{"spec", {{"template", {{"spec", {{"containers", {{{"name", "main"}, {"image", c.images().second}}}}}}}}}}}));
  await_rollout();
  EXPECT_LE(most_missing, 1) << "maxUnavailable is 1";
  const std::string second = latest_hash(2);
  EXPECT_NE(second, first);
  expect_pods(c.images().second, second);
}
