#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, table_output,
                  {.requirement = "A request that accepts a Table MUST be answered with column definitions and one row an object, with as many cells as columns, and a "
                                  "media type that cannot be served MUST be refused with 406.",
                   .covers = {"API metadata HTTP return"}}) {
  using namespace plumb::harness;
  const Resource maps = c.in("v1", "configmaps");
  for (const char* name : {"one", "two", "three"}) c.must(c.client().create(maps, {{"metadata", {{"name", name}, {"labels", {{"t", "1"}}}}}, {"data", {{"k", "v"}}}}));
  const plumb::client::Headers accept{{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}};
  const Json table = c.must(c.client().call("GET", maps.path(), nullptr, {{"labelSelector", "t=1"}}, accept));
  EXPECT_EQ(text_at(table, "/kind"), "Table");
  EXPECT_EQ(text_at(table, "/apiVersion"), "meta.k8s.io/v1");
  ASSERT_EQ(at(table, "/rows", Json::array()).size(), 3u);
  const Json columns = at(table, "/columnDefinitions", Json::array());
  ASSERT_GE(columns.size(), 2u);
  EXPECT_EQ(text_at(columns[0], "/name"), "Name");
  EXPECT_EQ(text_at(columns[0], "/type"), "string");
  for (const Json& row : table["rows"]) {
    EXPECT_EQ(at(row, "/cells", Json::array()).size(), columns.size());
    EXPECT_EQ(at(row, "/cells/0"), at(row, "/object/metadata/name"));
    EXPECT_EQ(text_at(row, "/object/kind"), "PartialObjectMetadata");
  }
  EXPECT_FALSE(version_of(table).empty());
  const auto refused = c.must(c.client().raw("GET", maps.path(), {}, {}, {{"accept", "application/xml"}}));
  EXPECT_EQ(refused.status, 406);
  const Json review{{"apiVersion", "authorization.k8s.io/v1"}, {"kind", "SelfSubjectAccessReview"}, {"spec", {{"resourceAttributes", {{"namespace", c.space()}, {"verb", "get"}, {"resource", "pods"}}}}}};
  const Resource reviews{"authorization.k8s.io/v1", "selfsubjectaccessreviews", ""};
  const auto computed = c.must(c.client().raw("POST", reviews.path(), review.dump(), {}, {{"content-type", "application/json"}, accept.front()}));
  EXPECT_EQ(computed.status, 406) << "an answer that is computed has no table: " << computed.body;
}
