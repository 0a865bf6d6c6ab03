#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, delete_collection,
                  {.requirement = "Deleting a collection MUST delete exactly the objects that the label selector matches in that namespace."}) {
  using namespace plumb::harness;
  const Resource maps = c.in("v1", "configmaps");
  for (int i = 0; i < 6; ++i) {
    c.must(c.client().create(maps, {{"metadata", {{"name", "m" + std::to_string(i)}, {"labels", {{"half", i % 2 == 0 ? "even" : "odd"}}}}}}));
  }
  const auto names = [&](const std::string& selector) {
    std::vector<std::string> out;
    const Json listed = c.must(c.client().list(maps, {{"labelSelector", selector}}));
    for (const Json& item : listed["items"]) out.push_back(name_of(item));
    return out;
  };
  c.must(c.client().remove_collection(maps, {{"labelSelector", "half=even"}, {"dryRun", "All"}}));
  EXPECT_EQ(names("half").size(), 6u) << "a dry run deletes nothing";
  c.must(c.client().remove_collection(maps, {{"labelSelector", "half=even"}}));
  EXPECT_EQ(names("half"), (std::vector<std::string>{"m1", "m3", "m5"}));
  EXPECT_EQ(names("half!=odd,half").size(), 0u);
  c.refused(c.client().list(maps, {{"labelSelector", "half=("}}), 400, "BadRequest");
  const Json one = c.must(c.client().list(maps, {{"fieldSelector", "metadata.name=m3"}}));
  ASSERT_EQ(one["items"].size(), 1u);
  EXPECT_EQ(name_of(one["items"][0]), "m3");
}
