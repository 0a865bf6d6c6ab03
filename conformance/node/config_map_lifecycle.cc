#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, config_map_lifecycle,
                  {.requirement = "A ConfigMap MUST refuse keys that are empty or no file names and, once immutable, every change of its data, while it can still be deleted.",
                   .covers = {"ConfigMap, with empty-key"}}) {
  using namespace plumb::harness;
  const Resource maps = c.in("v1", "configmaps");
  for (const char* key : {"", "a/b", ".."}) {
    c.refused(c.client().create(maps, {{"metadata", {{"name", "bad"}}}, {"data", {{key, "value"}}}}), 422, "Invalid");
  }
  c.refused(c.client().create(maps, {{"metadata", {{"name", "bad"}}}, {"data", {{"k", "v"}}}, {"binaryData", {{"k", "dg=="}}}}), 422, "Invalid");
  c.must(c.client().create(maps, {{"metadata", {{"name", "fixed"}}}, {"data", {{"k", "v"}}}}));
  const auto patch = [&](const Json& body) { return c.client().patch(maps, "fixed", PatchKind::merge, body); };
  c.must(patch({{"data", {{"k", "w"}}}}));
  c.must(patch({{"immutable", true}}));
  c.refused(patch({{"data", {{"k", "x"}}}}), 422, "Invalid");
  c.refused(patch({{"immutable", false}}), 422, "Invalid");
  c.refused(patch({{"binaryData", {{"b", "dg=="}}}}), 422, "Invalid");
  c.must(patch({{"metadata", {{"labels", {{"still", "open"}}}}}}));
  EXPECT_EQ(text_at(c.must(c.client().get(maps, "fixed")), "/data/k"), "w");
  c.must(c.client().remove(maps, "fixed"));
  c.refused(c.client().get(maps, "fixed"), 404, "NotFound");
}
