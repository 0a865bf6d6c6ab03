#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, watch_order,
                  {.requirement = "Watches started from different resourceVersions MUST all deliver the changes they share in the same order.",
                   .covers = {"watch-consistency"}}) {
  using namespace plumb::harness;
  constexpr int writes = 30;
  const Resource maps = c.in("v1", "configmaps");
  std::vector<std::string> from{version_of(c.must(c.client().list(maps)))};
  for (int i = 0; i < writes; ++i) {
    const Json made = c.must(c.client().create(maps, {{"metadata", {{"name", "item-" + std::to_string(i % 10)}, {"labels", {{"order", "yes"}}}}}, {"data", {{"i", std::to_string(i)}}}}));
    from.push_back(version_of(made));
    if (i % 3 == 2) c.must(c.client().patch(maps, name_of(made), PatchKind::merge, {{"data", {{"changed", "yes"}}}}));
    c.must(c.client().remove(maps, name_of(made)));
  }
  c.must(c.client().create(maps, {{"metadata", {{"name", "last"}, {"labels", {{"order", "yes"}}}}}}));
  const auto order_from = [&](const std::string& version) {
    std::vector<std::string> order;
    const auto watch = c.must(c.client().watch(maps, {{"labelSelector", "order=yes"}, {"resourceVersion", version}}));
    while (order.empty() || !order.back().ends_with("last")) {
      const auto event = c.next_event(*watch);
      order.push_back(event.type + " " + version_of(event.object) + " " + name_of(event.object));
    }
    return order;
  };
  const auto whole = order_from(from.front());
  EXPECT_EQ(whole.size(), static_cast<std::size_t>(2 * writes + writes / 3 + 1));
  for (std::size_t i = 1; i < from.size(); i += 7) {
    const auto part = order_from(from[i]);
    ASSERT_LE(part.size(), whole.size());
    EXPECT_TRUE(std::equal(part.rbegin(), part.rend(), whole.rbegin())) << "the watch from " << from[i] << " tells another story";
  }
}
