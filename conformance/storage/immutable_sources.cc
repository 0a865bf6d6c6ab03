#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(storage, immutable_sources,
                  {.requirement = "A ConfigMap or Secret that was marked immutable MUST refuse changes of its content and of that mark, MUST accept changes of its metadata, and MUST be "
                                  "deletable.",
                   .covers = {"ConfigMap Volume, immutability", "Secrets Volume, immutability"}}) {
  using namespace plumb::harness;
  for (const char* plural : {"configmaps", "secrets"}) {
    const Resource resource = c.in("v1", plural);
    const auto change = [&](const Json& patch) { return c.client().patch(resource, "fixed", PatchKind::merge, patch); };
    const auto content = [&](const char* value) { return Json{{plural == std::string("secrets") ? "stringData" : "data", {{"key", value}}}}; };
    Json object = content("one");
    object["metadata"] = {{"name", "fixed"}};
    c.must(c.client().create(resource, object));
    const Json changed = c.must(change(content("two")));
    EXPECT_EQ(at(c.must(change({{"immutable", true}})), "/immutable"), true) << plural;
    c.refused(change(content("three")), 422, "Invalid");
    c.refused(change({{"data", {{"more", "b25l"}}}}), 422, "Invalid");
    c.refused(change({{"immutable", false}}), 422, "Invalid");
    c.refused(change({{"immutable", nullptr}}), 422, "Invalid");
    const Json labelled = c.must(change({{"metadata", {{"labels", {{"still", "mine"}}}}}}));
    EXPECT_EQ(at(labelled, "/data"), at(changed, "/data")) << plural;
    EXPECT_EQ(text_at(labelled, "/metadata/labels/still"), "mine");
    c.must(c.client().remove(resource, "fixed"));
    c.await_gone(resource, "fixed");
  }
}
