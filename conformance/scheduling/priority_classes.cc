#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(scheduling, priority_classes,
                  {.requirement = "PriorityClasses MUST be created, read, listed, patched, updated and deleted, one or a collection; a change of the value MUST be refused, patched or updated.",
                   .covers = {"Scheduler, Verify PriorityClass endpoints"},
                   .needs = {"resource:scheduling.k8s.io/v1/priorityclasses"}}) {
  using namespace plumb::harness;
  const Resource classes{"scheduling.k8s.io/v1", "priorityclasses"};
  const Query ours{{"labelSelector", "plumb.io/test=" + c.space()}};
  const auto make = [&](const std::string& name, int value) {
    return c.create({{"apiVersion", "scheduling.k8s.io/v1"}, {"kind", "PriorityClass"}, {"metadata", {{"name", c.unique(name)}, {"labels", {{"plumb.io/test", c.space()}}}}}, {"value", value}});
  };
  const Json one = make("one", 1), two = make("two", 2);
  EXPECT_EQ(text_at(one, "/preemptionPolicy"), "PreemptLowerPriority");
  EXPECT_EQ(c.must(c.client().list(classes, ours))["items"].size(), 2u);

  c.refused(c.client().patch(classes, name_of(one), PatchKind::strategic, {{"value", 10}}), 422, "Invalid");
  Json changed = two;
  changed["value"] = 20;
  c.refused(c.client().update(classes, changed), 422, "Invalid");

  c.must(c.client().patch(classes, name_of(one), PatchKind::strategic, {{"description", "patched"}}));
  changed = c.must(c.client().get(classes, name_of(two)));
  changed["description"] = "updated";
  c.must(c.client().update(classes, changed));
  const Json first = c.must(c.client().get(classes, name_of(one))), second = c.must(c.client().get(classes, name_of(two)));
  EXPECT_EQ(text_at(first, "/description"), "patched");
  EXPECT_EQ(text_at(second, "/description"), "updated");
  EXPECT_EQ(int_at(first, "/value"), 1);
  EXPECT_EQ(int_at(second, "/value"), 2);

  c.must(c.client().remove(classes, name_of(one)));
  c.refused(c.client().get(classes, name_of(one)), 404, "NotFound");
  c.must(c.client().remove_collection(classes, ours));
  c.refused(c.client().get(classes, name_of(two)), 404, "NotFound");
  c.must(c.client().get(classes, "system-cluster-critical"));
}
