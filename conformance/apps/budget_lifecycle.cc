#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, budget_lifecycle,
                  {.requirement = "A PodDisruptionBudget MUST be made, updated, patched and deleted, be listed over one and over all namespaces, "
                                  "and be deleted as a collection.",
                   .covers = {"PodDisruptionBudget: create, update, patch, and delete object", "PodDisruptionBudget: list and delete collection"},
                   .needs = {"resource:policy/v1/poddisruptionbudgets"}}) {
  using namespace plumb::harness;
  const Resource budgets = c.in("policy/v1", "poddisruptionbudgets");
  Json made = c.apply("changed");
  EXPECT_EQ(text_at(made, "/spec/minAvailable"), "1%");
  EXPECT_EQ(int_at(made, "/metadata/generation"), 1);
  // A controller may write the status at any time.
  c.eventually("an update", [&] {
    made = c.must(c.client().get(budgets, "changed"));
    made["spec"]["minAvailable"] = "2%";
    return c.client().update(budgets, made).ok();
  });
  EXPECT_EQ(text_at(c.must(c.client().get(budgets, "changed")), "/spec/minAvailable"), "2%");
  const Json patched = c.must(c.client().patch(budgets, "changed", PatchKind::merge, {{"spec", {{"minAvailable", "3%"}}}}));
  EXPECT_EQ(text_at(patched, "/spec/minAvailable"), "3%");
  EXPECT_EQ(int_at(patched, "/metadata/generation"), 3);
  c.must(c.client().remove(budgets, "changed"));
  c.await_gone(budgets, "changed");

  const Json other = c.create({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", c.unique("other")}}}});
  const Query ours{{"labelSelector", "listed=" + c.space()}};
  const Resource elsewhere{"policy/v1", "poddisruptionbudgets", name_of(other)};
  for (const auto& [resource, name] : {std::pair(budgets, "first"), std::pair(budgets, "second"), std::pair(elsewhere, "third")}) {
    Json budget = c.object(name, {{"name", name}});
    budget["metadata"]["namespace"] = resource.space;
    budget["metadata"]["labels"] = {{"listed", c.space()}};
    c.must(c.client().create(resource, budget));
  }
  const auto count = [&](const Resource& resource) { return c.must(c.client().list(resource, ours))["items"].size(); };
  EXPECT_EQ(count({"policy/v1", "poddisruptionbudgets", ""}), 3u);
  EXPECT_EQ(count(budgets), 2u);
  c.must(c.client().remove_collection(budgets, ours));
  c.eventually("the collection to be gone", [&] { return count(budgets) == 0; });
  EXPECT_EQ(count(elsewhere), 1u);
}
