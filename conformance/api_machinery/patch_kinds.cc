#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, patch_kinds,
                  {.requirement = "JSON, merge and strategic merge patches MUST each change an object by the rules of their kind, and a patch that cannot be applied "
                                  "MUST change nothing.",
                   .needs = {"resource:apps/v1/deployments"}}) {
  using namespace plumb::harness;
  const Resource deployments = c.in("apps/v1", "deployments");
  c.apply("patched");
  const auto patch = [&](PatchKind kind, const Json& body) { return c.client().patch(deployments, "patched", kind, body); };

  const Json strategic{{"spec", {{"template", {{"spec", {{"containers", {{{"name", "side"}, {"image", "side:2"}}}}}}}}}}};
  Json object = c.must(patch(PatchKind::strategic, strategic));
  ASSERT_EQ(at(object, "/spec/template/spec/containers").size(), 2u) << "a strategic patch merges the list by name";
  for (const Json& container : at(object, "/spec/template/spec/containers")) {
    EXPECT_EQ(text_at(container, "/image"), text_at(container, "/name") == "side" ? "side:2" : "main:1");
  }
  const Json remove{{"spec", {{"template", {{"spec", {{"containers", {{{"name", "side"}, {"$patch", "delete"}}}}}}}}}}};
  object = c.must(patch(PatchKind::strategic, remove));
  EXPECT_EQ(at(object, "/spec/template/spec/containers").size(), 1u);

  const Json merge{{"metadata", {{"labels", {{"a", nullptr}, {"b", "2"}}}}},
                   {"spec", {{"template", {{"spec", {{"containers", {{{"name", "only"}, {"image", "only:1"}}}}}}}}}}};
  object = c.must(patch(PatchKind::merge, merge));
  EXPECT_EQ(at(object, "/metadata/labels"), (Json{{"b", "2"}})) << "null removes, other keys stay";
  ASSERT_EQ(at(object, "/spec/template/spec/containers").size(), 1u) << "a merge patch replaces lists";
  EXPECT_EQ(text_at(object, "/spec/template/spec/containers/0/name"), "only");

  const Json operations = Json::array({{{"op", "test"}, {"path", "/metadata/labels/b"}, {"value", "2"}},
                                       {{"op", "add"}, {"path", "/metadata/annotations"}, {"value", {{"by", "json"}}}},
                                       {{"op", "replace"}, {"path", "/spec/replicas"}, {"value", 0}}});
  object = c.must(patch(PatchKind::json, operations));
  EXPECT_EQ(text_at(object, "/metadata/annotations/by"), "json");
  const Json failing = Json::array({{{"op", "replace"}, {"path", "/metadata/labels/b"}, {"value", "3"}},
                                    {{"op", "test"}, {"path", "/metadata/labels/b"}, {"value", "4"}}});
  EXPECT_FALSE(patch(PatchKind::json, failing).ok());
  c.refused(patch(PatchKind::merge, {{"spec", {{"replicas", -1}}}}), 422, "Invalid");
  object = c.must(c.client().get(deployments, "patched"));
  EXPECT_EQ(text_at(object, "/metadata/labels/b"), "2");
  EXPECT_EQ(int_at(object, "/spec/replicas"), 0);
  const auto unknown = c.must(c.client().raw("PATCH", deployments.path("patched"), "{}", {}, {{"content-type", "text/plain"}}));
  EXPECT_EQ(unknown.status, 415);
}
