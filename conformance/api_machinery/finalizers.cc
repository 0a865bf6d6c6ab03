#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, finalizers,
                  {.requirement = "An object with finalizers MUST outlive its deletion, marked with a deletionTimestamp and closed to new finalizers, until the last "
                                  "finalizer is removed."}) {
  using namespace plumb::harness;
  const Resource maps = c.in("v1", "configmaps");
  c.apply("held");
  c.must(c.client().remove(maps, "held"));
  const Json marked = c.must(c.client().get(maps, "held"));
  EXPECT_FALSE(text_at(marked, "/metadata/deletionTimestamp").empty());
  const auto set = [&](const Json& finalizers) {
    return c.client().patch(maps, "held", PatchKind::merge, {{"metadata", {{"finalizers", finalizers}}}});
  };
  c.must(c.client().remove(maps, "held"));
  const Json again = c.must(c.client().get(maps, "held"));
  EXPECT_EQ(text_at(again, "/metadata/deletionTimestamp"), text_at(marked, "/metadata/deletionTimestamp")) << "a second deletion changes nothing";
  c.refused(set({"plumb.io/one", "plumb.io/two", "plumb.io/late"}), 422, "Invalid");
  c.must(set({"plumb.io/two"}));
  EXPECT_TRUE(c.client().get(maps, "held").ok());
  const auto watch = c.must(c.client().watch(maps, {{"fieldSelector", "metadata.name=held"}, {"resourceVersion", version_of(c.must(c.client().list(maps)))}}));
  c.must(set(nullptr));
  c.refused(c.client().get(maps, "held"), 404, "NotFound");
  EXPECT_EQ(c.next_event(*watch).type, "DELETED");
}
