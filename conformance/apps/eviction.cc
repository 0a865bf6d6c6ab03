#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

namespace {

using namespace plumb::harness;
using plumb::client::Response;

Response evict(Cluster& c, const std::string& pod) {
  const Json eviction = {{"apiVersion", "policy/v1"}, {"kind", "Eviction"}, {"metadata", {{"name", pod}, {"namespace", c.space()}}}};
  return c.must(c.client().raw("POST", c.pods().path(pod, "eviction"), eviction.dump(), {}, {{"content-type", "application/json"}}));
}

void expect_refused(Cluster& c, const std::string& pod) {
  const Response answer = evict(c, pod);
  EXPECT_EQ(answer.status, 429) << answer.body;
  const Json status = Json::parse(answer.body, nullptr, false);
  EXPECT_EQ(text_at(status, "/reason"), "TooManyRequests") << answer.body;
  EXPECT_EQ(text_at(status, "/details/causes/0/reason"), "DisruptionBudget") << answer.body;
  EXPECT_FALSE(c.must(c.client().get(c.pods(), pod))["metadata"].contains("deletionTimestamp"));
}

std::string ready_pod(Cluster& c) {
  const Json set = c.await(c.in("apps/v1", "replicasets"), "guarded", "its pods to be ready",
                           [](const Json* object) { return object != nullptr && int_at(*object, "/status/readyReplicas") == 3; }, timeouts::rollout);
  const Json listed = c.must(c.client().list(c.pods(), {{"labelSelector", "app=guarded"}}));
  for (const Json& pod : listed["items"])
    if (!pod["metadata"].contains("deletionTimestamp") && has_condition(pod, "Ready")) return name_of(pod);
  return {};
}

}  // namespace

PLUMB_CONFORMANCE(apps, eviction,
                  {.requirement = "An eviction MUST be refused, with the cause DisruptionBudget, while the pod's budget does not allow it, and "
                                  "MUST end the pod once the budget was updated to allow it, or is gone.",
                   .covers = {"PodDisruptionBudget: block an eviction until the PDB is updated to allow it"},
                   .needs = {"image", "resource:policy/v1/poddisruptionbudgets", "resource:apps/v1/replicasets"}}) {
  const Resource budgets = c.in("policy/v1", "poddisruptionbudgets");
  const auto await_healthy = [&](std::int64_t healthy, std::int64_t allowed) {
    c.await(budgets, "guard", "the budget to have counted its pods", [&](const Json* budget) {
      return budget != nullptr && int_at(*budget, "/status/observedGeneration") == int_at(*budget, "/metadata/generation") &&
             int_at(*budget, "/status/currentHealthy") == healthy && int_at(*budget, "/status/disruptionsAllowed") == allowed;
    });
  };
  c.apply("guard");
  c.apply("guarded");
  const std::string first = ready_pod(c);
  expect_refused(c, first);

  c.must(c.client().patch(budgets, "guard", PatchKind::merge, {{"spec", {{"minAvailable", 2}}}}));
  await_healthy(3, 1);
  const Response allowed = evict(c, first);
  EXPECT_EQ(allowed.status, 201) << allowed.body;
  c.await_gone(c.pods(), first, timeouts::pod_gone);

  c.must(c.client().patch(budgets, "guard", PatchKind::merge, {{"spec", {{"minAvailable", nullptr}, {"maxUnavailable", 0}}}}));
  const std::string second = ready_pod(c);
  await_healthy(3, 0);
  expect_refused(c, second);
  c.must(c.client().remove(budgets, "guard"));
  c.await_gone(budgets, "guard");
  const Response free = evict(c, second);
  EXPECT_EQ(free.status, 201) << free.body;
  c.await_gone(c.pods(), second, timeouts::pod_gone);
}
