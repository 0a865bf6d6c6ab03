#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, watch_selector,
                  {.requirement = "A watch with a label selector MUST report an object that stops matching as DELETED and one that matches again as ADDED.",
                   .covers = {"watch-configmaps-label-changed", "watch-configmaps-with-multiple-watchers"}}) {
  using namespace plumb::harness;
  const Resource maps = c.in("v1", "configmaps");
  const auto start = version_of(c.must(c.client().list(maps)));
  const auto red = c.must(c.client().watch(maps, {{"labelSelector", "colour=red"}, {"resourceVersion", start}}));
  const auto blue = c.must(c.client().watch(maps, {{"labelSelector", "colour=blue"}, {"resourceVersion", start}}));
  const auto both = c.must(c.client().watch(maps, {{"labelSelector", "colour in (red, blue)"}, {"resourceVersion", start}}));
  c.apply("painted");
  const auto paint = [&](const std::string& colour) {
    c.must(c.client().patch(maps, "painted", PatchKind::merge, {{"metadata", {{"labels", {{"colour", colour}}}}}}));
  };
  paint("blue");
  paint("red");
  c.must(c.client().remove(maps, "painted"));
  // As many as come in time.
  const auto types = [&](plumb::client::Watch& watch, std::size_t count) {
    std::vector<std::string> seen;
    const plumb::Instant deadline = plumb::real_clock().now() + timeouts::watch_event;
    while (seen.size() < count) {
      const auto event = c.must(watch.next(deadline));
      if (!event) break;
      if (event->type != "BOOKMARK") seen.push_back(event->type);
    }
    return seen;
  };
  EXPECT_EQ(types(*red, 4), (std::vector<std::string>{"ADDED", "DELETED", "ADDED", "DELETED"}));
  EXPECT_EQ(types(*blue, 2), (std::vector<std::string>{"ADDED", "DELETED"}));
  EXPECT_EQ(types(*both, 4), (std::vector<std::string>{"ADDED", "MODIFIED", "MODIFIED", "DELETED"}));
}
