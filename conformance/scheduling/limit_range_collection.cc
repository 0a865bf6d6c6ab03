#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(scheduling, limit_range_collection,
                  {.requirement = "LimitRanges MUST be listed by label over all namespaces, patched, and deleted as a collection of one namespace "
                                  "alone.",
                   .covers = {"LimitRange, list, patch and delete a LimitRange by collection"},
                   .needs = {"resource:v1/limitranges"}}) {
  using namespace plumb::harness;
  const Resource ranges = c.in("v1", "limitranges");
  const Json other = c.create({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", c.unique("other")}}}});
  const Resource elsewhere{"v1", "limitranges", name_of(other)};
  const Query ours{{"labelSelector", "space=" + c.space()}};
  for (const Resource& resource : {ranges, elsewhere}) {
    Json range = c.object("bounds");
    range["metadata"]["namespace"] = resource.space;
    range["metadata"]["labels"] = {{"space", c.space()}};
    c.must(c.client().create(resource, range));
  }
  EXPECT_EQ(c.must(c.client().list({"v1", "limitranges", ""}, ours))["items"].size(), 2u);
  const Json limits = Json::array({{{"type", "Container"}, {"min", {{"cpu", "40m"}}}, {"max", {{"cpu", "800m"}}}}});
  const Json patch{{"metadata", {{"labels", {{"patched", "yes"}}}}}, {"spec", {{"limits", limits}}}};
  const Json patched = c.must(c.client().patch(ranges, "bounds", PatchKind::strategic, patch));
  EXPECT_EQ(text_at(patched, "/metadata/labels/patched"), "yes");
  EXPECT_EQ(text_at(patched, "/spec/limits/0/min/cpu"), "40m");
  EXPECT_EQ(text_at(c.must(c.client().get(ranges, "bounds")), "/spec/limits/0/max/cpu"), "800m");
  c.must(c.client().remove_collection(ranges, {{"labelSelector", "patched=yes"}}));
  c.await_gone(ranges, "bounds");
  EXPECT_EQ(c.must(c.client().list({"v1", "limitranges", ""}, ours))["items"].size(), 1u);
}
