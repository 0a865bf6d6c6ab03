#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, secret_lifecycle,
                  {.requirement = "A Secret MUST be found by its labels in its own and in all namespaces, be patched, read back as it was patched, and be gone once it was deleted by its "
                                  "label; one with an empty or impossible key MUST be refused.",
                   .covers = {"Secret patching", "Secrets, with empty-key"}}) {
  using namespace plumb::harness;
  const Resource secrets = c.in("v1", "secrets");
  const std::string label = c.unique("static");
  const auto everywhere = [&] { return c.must(c.client().list({"v1", "secrets", ""}, {{"labelSelector", "of=" + label}}))["items"].size(); };
  EXPECT_EQ(everywhere(), 0u);
  c.must(c.client().create(secrets, {{"metadata", {{"name", "one"}, {"labels", {{"of", label}}}}}, {"data", {{"key", "dmFsdWU="}}}, {"type", "Opaque"}}));
  EXPECT_EQ(everywhere(), 1u);
  const Json patched = c.must(c.client().patch(secrets, "one", PatchKind::strategic, {{"metadata", {{"labels", {{"patched", "yes"}}}}}, {"data", {{"key", "dmFsdWUx"}}}}));
  const Json read = c.must(c.client().get(secrets, "one"));
  EXPECT_EQ(read, patched);
  EXPECT_EQ(text_at(read, "/data/key"), "dmFsdWUx");
  EXPECT_EQ(text_at(read, "/metadata/labels/patched"), "yes");
  EXPECT_EQ(text_at(read, "/metadata/labels/of"), label);
  c.must(c.client().remove_collection(secrets, {{"labelSelector", "of=" + label}}));
  c.await_gone(secrets, "one");
  EXPECT_EQ(everywhere(), 0u);
  for (const char* key : {"", "a/b", ".."}) c.refused(c.client().create(secrets, {{"metadata", {{"name", "bad"}}}, {"data", {{key, "dmFsdWU="}}}}), 422, "Invalid");
}
