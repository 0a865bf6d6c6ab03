#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

namespace {

using namespace plumb::harness;

Json owned_by(const std::string& name, const std::vector<Json>& owners, bool blocks = false) {
  Json references = Json::array();
  for (const Json& owner : owners) {
    references.push_back({{"apiVersion", "v1"}, {"kind", text_at(owner, "/kind")}, {"name", name_of(owner)}, {"uid", text_at(owner, "/metadata/uid")}, {"blockOwnerDeletion", blocks}});
  }
  return {{"metadata", {{"name", name}, {"ownerReferences", references}}}};
}

}  // namespace

PLUMB_CONFORMANCE(api_machinery, garbage_collection,
                  {.requirement = "An object MUST be deleted once its last owner is gone, MUST stay while one owner lives, MUST be kept and freed by orphaning, and MUST go "
                                  "before its owner in the foreground.",
                   .covers = {"Garbage Collector, dependency cycle"},
                   .needs = {"controllers"}}) {
  const Resource maps = c.in("v1", "configmaps");
  const auto make = [&](const Json& body) { return c.must(c.client().create(maps, body)); };
  const auto owner = [&](const std::string& name) { return make({{"metadata", {{"name", name}}}}); };
  const auto policy = [](const char* name) { return Json{{"propagationPolicy", name}}; };

  const Json one = owner("one"), two = owner("two");
  make(owned_by("shared", {one, two}));
  make(owned_by("single", {one}));
  c.must(c.client().remove(maps, "one", policy("Background")));
  c.await_gone(maps, "single", timeouts::pod_gone);
  EXPECT_TRUE(c.client().get(maps, "shared").ok()) << "one of its owners is alive";
  c.must(c.client().remove(maps, "two", policy("Background")));
  c.await_gone(maps, "shared", timeouts::pod_gone);

  const Json parent = owner("parent");
  make(owned_by("orphan", {parent}));
  c.must(c.client().remove(maps, "parent", policy("Orphan")));
  c.await_gone(maps, "parent", timeouts::pod_gone);
  const Json orphan = c.must(c.client().get(maps, "orphan"));
  EXPECT_TRUE(at(orphan, "/metadata/ownerReferences", Json::array()).empty()) << "an orphan names no owner";

  const Json front = owner("front");
  Json child = owned_by("child", {front}, true);
  child["metadata"]["finalizers"] = {"plumb.io/hold"};
  make(child);
  c.must(c.client().remove(maps, "front", policy("Foreground")));
  c.await(maps, "child", "the dependent to be marked for deletion",
          [](const Json* map) { return map != nullptr && !text_at(*map, "/metadata/deletionTimestamp").empty(); }, timeouts::pod_gone);
  EXPECT_TRUE(c.client().get(maps, "front").ok()) << "in the foreground the owner goes last";
  c.must(c.client().patch(maps, "child", PatchKind::merge, {{"metadata", {{"finalizers", nullptr}}}}));
  c.await_gone(maps, "front", timeouts::pod_gone);
  c.refused(c.client().get(maps, "child"), 404, "NotFound");

  const Resource pods = c.in("v1", "pods");
  std::vector<Json> circle;
  for (const char* name : {"circle-0", "circle-1", "circle-2"}) circle.push_back(c.apply(name));
  for (std::size_t i = 0; i < circle.size(); ++i) {
    const Json owned = owned_by(name_of(circle[i]), {circle[(i + 2) % circle.size()]});
    c.must(c.client().patch(pods, name_of(circle[i]), PatchKind::merge, {{"metadata", {{"ownerReferences", owned["metadata"]["ownerReferences"]}}}}));
  }
  c.must(c.client().remove(pods, "circle-0", policy("Background")));
  for (const Json& pod : circle) c.await_gone(pods, name_of(pod), timeouts::pod_gone);
}
