#include "conformance/api_operations.h"

PLUMB_CONFORMANCE(node, pod_template,
                  {.requirement = "PodTemplates MUST be created, read, listed in one namespace and in all, watched, patched, replaced and deleted, one by one and together.",
                   .covers = {"PodTemplate lifecycle", "PodTemplate, replace", "PodTemplate, delete a collection"}}) {
  using namespace plumb::harness;
  const Resource templates = c.in("v1", "podtemplates");
  const Query ours{{"labelSelector", "plumb.io/set=" + c.space()}};
  for (const char* name : {"one", "two", "three"}) {
    Json made = c.object("template");
    made["metadata"]["name"] = name;
    c.create(made);
  }
  EXPECT_EQ(c.must(c.client().list({"v1", "podtemplates", ""}, ours))["items"].size(), 3u);

  c.must(c.client().patch(templates, "one", PatchKind::merge, {{"metadata", {{"labels", {{"patched", "true"}}}}}}));
  EXPECT_EQ(text_at(c.must(c.client().get(templates, "one")), "/metadata/labels/patched"), "true");
  const Json found = c.must(c.client().list(templates, {{"labelSelector", "plumb.io/set=" + c.space() + ",patched=true"}}))["items"];
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(name_of(found[0]), "one");

  Json next = c.must(c.client().get(templates, "two"));
  next["metadata"]["annotations"]["replaced"] = "true";
  next["template"]["spec"]["containers"][0]["image"] = "plumb.test/other";
  const Json replaced = c.must(c.client().update(templates, next));
  EXPECT_EQ(text_at(replaced, "/metadata/annotations/replaced"), "true");
  EXPECT_EQ(text_at(c.must(c.client().get(templates, "two")), "/template/spec/containers/0/image"), "plumb.test/other");

  c.must(c.client().remove(templates, "one"));
  c.refused(c.client().get(templates, "one"), 404, "NotFound");
  c.must(c.client().remove_collection(templates, ours));
  c.eventually("all to be gone", [&] { return c.must(c.client().list(templates, ours))["items"].empty(); });
}
