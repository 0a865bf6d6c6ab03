#include <gtest/gtest.h>

#include <set>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, generate_name,
                  {.requirement = "A create with generateName MUST store each object under the prefix and a suffix of its own, with system metadata filled in, and a "
                                  "dry run MUST answer the same without storing."}) {
  using namespace plumb::harness;
  const Resource maps = c.in("v1", "configmaps");
  const Json body{{"metadata", {{"generateName", "made-"}, {"labels", {{"made", "yes"}}}, {"uid", "chosen"}, {"creationTimestamp", "2001-01-01T00:00:00Z"}}}};
  std::set<std::string> names, uids;
  for (int i = 0; i < 10; ++i) {
    const Json made = c.must(c.client().create(maps, body));
    EXPECT_EQ(name_of(made).rfind("made-", 0), 0u);
    EXPECT_GT(name_of(made).size(), 5u);
    EXPECT_EQ(text_at(made, "/metadata/generateName"), "made-");
    EXPECT_EQ(text_at(made, "/metadata/namespace"), c.space());
    EXPECT_NE(text_at(made, "/metadata/uid"), "chosen");
    EXPECT_NE(text_at(made, "/metadata/creationTimestamp"), "2001-01-01T00:00:00Z");
    EXPECT_FALSE(version_of(made).empty());
    names.insert(name_of(made));
    uids.insert(text_at(made, "/metadata/uid"));
  }
  EXPECT_EQ(names.size(), 10u);
  EXPECT_EQ(uids.size(), 10u);
  const Json tried = c.must(c.client().create(maps, body, {{"dryRun", "All"}}));
  EXPECT_FALSE(text_at(tried, "/metadata/uid").empty());
  EXPECT_EQ(c.must(c.client().list(maps, {{"labelSelector", "made=yes"}}))["items"].size(), 10u);
  c.refused(c.client().create(maps, {{"metadata", {{"name", "Not_A_Name"}}}}), 422, "Invalid");
  c.refused(c.client().create(maps, {{"metadata", Json::object()}}), 422, "Invalid");
  c.refused(c.client().create(maps, body, {{"dryRun", "Some"}}), 422, "Invalid");
}
