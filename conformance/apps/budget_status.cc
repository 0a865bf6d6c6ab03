#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, budget_status,
                  {.requirement = "The status of a PodDisruptionBudget MUST follow its pods, telling how many of them may be disrupted, and MUST "
                                  "be updated and patched through the status subresource without a change of the spec.",
                   .covers = {"PodDisruptionBudget: Status updates", "PodDisruptionBudget: update and patch status"},
                   .needs = {"image", "resource:policy/v1/poddisruptionbudgets"}}) {
  using namespace plumb::harness;
  const Resource budgets = c.in("policy/v1", "poddisruptionbudgets");
  c.apply("counted");
  const Json nothing = c.await(budgets, "counted", "the controller to have seen it", [](const Json* budget) {
    return budget != nullptr && int_at(*budget, "/status/observedGeneration") == int_at(*budget, "/metadata/generation");
  });
  EXPECT_EQ(int_at(nothing, "/status/disruptionsAllowed"), 0) << "without pods nothing may be disrupted";
  for (const char* name : {"a", "b", "c"}) c.start(name, {{"name", name}});
  const Json counted = c.await(budgets, "counted", "two of three pods to be spared", [](const Json* budget) {
    return budget != nullptr && int_at(*budget, "/status/disruptionsAllowed") == 2;
  });
  EXPECT_EQ(int_at(counted, "/status/currentHealthy"), 3);
  EXPECT_EQ(int_at(counted, "/status/desiredHealthy"), 1);
  EXPECT_EQ(int_at(counted, "/status/expectedPods"), 3);
  EXPECT_TRUE(has_condition(counted, "DisruptionAllowed")) << counted["status"].dump();

  // What is written here stays until the controller finds that the pod was not disrupted, minutes later.
  const std::string when = text_at(counted, "/metadata/creationTimestamp");
  c.eventually("an update of the status", [&] {
    Json now = c.must(c.client().get(budgets, "counted", "status"));
    now["status"]["disruptedPods"] = {{"a", when}};
    now["spec"]["minAvailable"] = 3;
    return c.client().update(budgets, now, "status").ok();
  });
  const Json updated = c.must(c.client().get(budgets, "counted"));
  EXPECT_EQ(text_at(updated, "/status/disruptedPods/a"), when);
  EXPECT_EQ(int_at(updated, "/spec/minAvailable"), 1);
  EXPECT_EQ(int_at(updated, "/metadata/generation"), 1);
  const Json patched = c.must(c.client().patch(budgets, "counted", PatchKind::merge, {{"status", {{"disruptedPods", nullptr}}}}, "status"));
  EXPECT_TRUE(at(patched, "/status/disruptedPods", Json::object()).empty()) << patched["status"].dump();
}
