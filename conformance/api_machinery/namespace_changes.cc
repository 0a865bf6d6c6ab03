#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, namespace_changes,
                  {.requirement = "A Namespace MUST take an update, a change of its status through the status subresource by patch and by update, and a finalizer that "
                                  "is added to and removed from its metadata.",
                   .covers = {"Namespace, apply update to a namespace", "Namespace, apply changes to a namespace status", "Namespace, apply finalizer to a namespace"},
                   .needs = {"controllers"}}) {
  using namespace plumb::harness;
  const Resource spaces{"v1", "namespaces", ""};
  const std::string name = c.unique("inner");
  c.create({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}});
  // Controllers may write at the same time.
  const auto update = [&](const std::string& what, const std::string& subresource, const std::function<void(Json&)>& change) {
    c.eventually(what, [&] {
      Json now = c.must(c.client().get(spaces, name, subresource));
      change(now);
      return c.client().update(spaces, now, subresource).ok();
    });
    return c.must(c.client().get(spaces, name));
  };
  EXPECT_EQ(text_at(update("an update", "", [](Json& now) { now["metadata"]["labels"]["updated"] = "yes"; }), "/metadata/labels/updated"), "yes");

  EXPECT_EQ(text_at(c.must(c.client().get(spaces, name, "status")), "/status/phase"), "Active");
  const auto condition = [](const char* type, const char* reason) -> Json {
    return {{"type", type}, {"status", "True"}, {"reason", reason}, {"message", "by a test"}};
  };
  const Json patch{{"status", {{"conditions", {condition("StatusPatched", "Patched")}}}}};
  c.must(c.client().patch(spaces, name, PatchKind::merge, patch, "status"));
  EXPECT_EQ(text_at(c.must(c.client().get(spaces, name)), "/status/conditions/0/reason"), "Patched");
  const Json updated = update("an update of the status", "status", [&](Json& now) { now["status"]["conditions"].push_back(condition("StatusUpdated", "Updated")); });
  EXPECT_TRUE(has_condition(updated, "StatusPatched"));
  EXPECT_TRUE(has_condition(updated, "StatusUpdated"));
  EXPECT_EQ(text_at(updated, "/status/phase"), "Active");

  const auto holds = [](const Json& space) {
    const Json all = at(space, "/metadata/finalizers", Json::array());
    return std::find(all.begin(), all.end(), "plumb.io/hold") != all.end();
  };
  EXPECT_TRUE(holds(update("a finalizer", "", [](Json& now) { now["metadata"]["finalizers"] = {"plumb.io/hold"}; })));
  EXPECT_FALSE(holds(update("no finalizer", "", [](Json& now) { now["metadata"]["finalizers"] = Json::array(); })));
}
