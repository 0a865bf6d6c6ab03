#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, watch_resume,
                  {.requirement = "A watch started from a resourceVersion MUST deliver every later change, once and in order, also after an earlier "
                                  "watch was closed.",
                   .covers = {"watch-configmaps-from-resource-version", "watch-configmaps-closed-and-restarted"}}) {
  using namespace plumb::harness;
  const Resource maps = c.in("v1", "configmaps");
  const Json first = c.apply("watched");
  const auto change = [&](const std::string& value) {
    return c.must(c.client().patch(maps, "watched", PatchKind::merge, {{"data", {{"round", value}}}}));
  };
  const Json second = change("1");
  {
    const auto watch = c.must(c.client().watch(maps, {{"fieldSelector", "metadata.name=watched"}, {"resourceVersion", version_of(first)}}));
    const auto event = c.next_event(*watch);
    EXPECT_EQ(event.type, "MODIFIED");
    EXPECT_EQ(version_of(event.object), version_of(second));
  }
  change("2");
  c.must(c.client().remove(maps, "watched"));
  const auto again = c.must(c.client().watch(maps, {{"fieldSelector", "metadata.name=watched"}, {"resourceVersion", version_of(second)}}));
  const auto modified = c.next_event(*again);
  EXPECT_EQ(modified.type, "MODIFIED");
  EXPECT_EQ(text_at(modified.object, "/data/round"), "2");
  const auto deleted = c.next_event(*again);
  EXPECT_EQ(deleted.type, "DELETED");
  EXPECT_EQ(text_at(deleted.object, "/data/round"), "2");
  EXPECT_NE(version_of(deleted.object), version_of(modified.object)) << "a deletion has a version of its own";
}
