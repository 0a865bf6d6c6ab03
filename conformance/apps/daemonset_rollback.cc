#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, daemonset_rollback,
                  {.requirement = "A DaemonSet that returns to its former template in the midst of an update that cannot succeed MUST leave the pods alone that the update had not "
                                  "reached, and replace the others.",
                   .covers = {"DaemonSet-Rollback"},
                   .needs = {"image", "nodes>=2", "resource:apps/v1/daemonsets"},
                   .serial = true}) {
  using namespace plumb::harness;
  const Resource sets = c.in("apps/v1", "daemonsets");
  const Query ours{{"labelSelector", "app=undone"}};
  const auto await_all_at = [&](const char* what) {
    c.await(sets, "undone", what, [](const Json* set) {
      if (set == nullptr) return false;
      const std::int64_t desired = int_at(*set, "/status/desiredNumberScheduled");
      return int_at(*set, "/status/observedGeneration") == int_at(*set, "/metadata/generation") && desired > 0 &&
             int_at(*set, "/status/updatedNumberScheduled") == desired && int_at(*set, "/status/numberAvailable") == desired;
    }, timeouts::rollout);
  };
  const auto set_image = [&](const std::string& image) {
    c.must(c.client().patch(sets, "undone", PatchKind::strategic, {{"spec", {{"template", {{"spec", {{"containers", {{{"name", "main"}, {"image", image}}}}}}}}}}}));
  };
  const auto pods_with = [&](const std::string& image) {
    std::map<std::string, std::int64_t> restarts_by_uid;
    const Json listed = c.must(c.client().list(c.pods(), ours));
    for (const Json& pod : listed["items"]) {
      if (pod["metadata"].contains("deletionTimestamp") || text_at(pod, "/spec/containers/0/image") != image) continue;
      restarts_by_uid[text_at(pod, "/metadata/uid")] = int_at(container_status(pod, "main"), "/restartCount");
    }
    return restarts_by_uid;
  };
  constexpr const char* broken = "registry.invalid/no-such-image:v0";
  c.apply("undone");
  await_all_at("all pods of the first template");
  const auto first = pods_with(c.images().first);
  ASSERT_GE(first.size(), 2u);
  set_image(broken);
  c.eventually("the update to reach a node", [&] { return !pods_with(broken).empty(); }, timeouts::rollout);
  const auto untouched = pods_with(c.images().first);
  EXPECT_EQ(untouched.size(), first.size() - 1) << "one at a time";
  set_image(c.images().first);
  await_all_at("all pods back at the first template");
  EXPECT_TRUE(pods_with(broken).empty());
  const auto last = pods_with(c.images().first);
  EXPECT_EQ(last.size(), first.size());
  for (const auto& [uid, restarts] : untouched) {
    ASSERT_TRUE(last.contains(uid)) << "a pod was replaced needlessly";
    EXPECT_EQ(last.at(uid), restarts);
  }
}
