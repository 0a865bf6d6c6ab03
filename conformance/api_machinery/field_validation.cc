#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(api_machinery, field_validation,
                  {.requirement = "With fieldValidation=Strict, unknown and duplicate fields MUST be refused by name; with Warn they MUST be dropped with a warning for each.",
                   .covers = {"Server side field validation, typed object", "Server side field validation, typed unknown metadata"},
                   .needs = {"version>=1.27"}}) {
  using namespace plumb::harness;
  const Resource maps = c.in("v1", "configmaps");
  const plumb::client::Headers json{{"content-type", "application/json"}, {"accept", "application/json"}};
  const std::string bad =
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"odd","colour":"red"},"dta":{},"data":{"a":"1"},"data":{"a":"2"}})";
  const auto strict = c.must(c.client().raw("POST", maps.path(), bad, {{"fieldValidation", "Strict"}}, json));
  EXPECT_EQ(strict.status, 400);
  for (const char* field : {"metadata.colour", "dta", "data"}) EXPECT_TRUE(has(strict.body, field));
  c.refused(c.client().get(maps, "odd"), 404, "NotFound");

  const auto warned = c.must(c.client().raw("POST", maps.path(), bad, {{"fieldValidation", "Warn"}}, json));
  EXPECT_EQ(warned.status, 201) << warned.body;
  const auto warnings = std::count_if(warned.headers.begin(), warned.headers.end(), [](const auto& header) { return header.first == "warning"; });
  EXPECT_EQ(warnings, 3);
  const Json stored = c.must(c.client().get(maps, "odd"));
  EXPECT_FALSE(stored.contains("dta"));
  EXPECT_EQ(text_at(stored, "/data/a"), "2");

  const auto ignored = c.must(c.client().raw("PUT", maps.path("odd"), bad, {{"fieldValidation", "Ignore"}}, json));
  EXPECT_EQ(ignored.status, 200) << ignored.body;
  EXPECT_TRUE(plumb::client::header(ignored.headers, "warning").empty());
}
