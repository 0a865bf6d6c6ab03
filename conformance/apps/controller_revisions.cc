#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, controller_revisions,
                  {.requirement = "A DaemonSet MUST keep a ControllerRevision of each template, numbered in their order; ControllerRevisions MUST be made, read, patched, updated, "
                                  "listed by label and deleted, one or a collection.",
                   .covers = {"ControllerRevision, resource lifecycle"},
                   .needs = {"controllers", "resource:apps/v1/daemonsets", "resource:apps/v1/controllerrevisions"}}) {
  using namespace plumb::harness;
  const Resource sets = c.in("apps/v1", "daemonsets"), revisions = c.in("apps/v1", "controllerrevisions");
  const auto list = [&](const std::string& selector) { return c.must(c.client().list(revisions, {{"labelSelector", selector}}))["items"]; };
  const auto await_count = [&](std::size_t count) {
    c.await_all(revisions, {{"labelSelector", "app=numbered"}}, std::to_string(count) + " revisions", [&](const Cluster::Objects& found) { return found.size() == count; });
    return list("app=numbered");
  };
  c.apply("numbered");
  const Json first = await_count(1)[0];
  EXPECT_EQ(int_at(first, "/revision"), 1);
  EXPECT_EQ(text_at(first, "/data/spec/template/spec/containers/0/image"), "pause:one");
  EXPECT_EQ(text_at(first, "/metadata/ownerReferences/0/kind"), "DaemonSet");
  EXPECT_EQ(text_at(c.must(c.client().get(revisions, name_of(first))), "/metadata/uid"), text_at(first, "/metadata/uid"));
  c.must(c.client().patch(revisions, name_of(first), PatchKind::merge, {{"metadata", {{"labels", {{"step", "patched"}}}}}}));
  EXPECT_EQ(list("step=patched").size(), 1u);
  c.refused(c.client().patch(revisions, name_of(first), PatchKind::merge, {{"data", {{"other", true}}}}), 422, "Invalid");

  // Another one of the same template, with a later number, takes the place of the first; a controller that looks at the set removes that itself.
  Json second = first;
  second["metadata"] = {{"name", "numbered-again"}, {"labels", first["metadata"]["labels"]}, {"ownerReferences", first["metadata"]["ownerReferences"]}};
  second["revision"] = 2;
  c.must(c.client().create(revisions, second));
  c.await_all(revisions, {{"labelSelector", "app=numbered"}}, "the second revision", [](const Cluster::Objects& found) { return found.contains("numbered-again"); });
  if (const auto removed = c.client().remove(revisions, name_of(first)); !removed.ok()) c.require(removed.error().http_status == 404, removed.error().message);
  c.await_gone(revisions, name_of(first));
  EXPECT_EQ(name_of(await_count(1)[0]), "numbered-again");
  c.eventually("an update of the revision", [&] {
    Json now = c.must(c.client().get(revisions, "numbered-again"));
    now["metadata"]["labels"]["step"] = "updated";
    return c.client().update(revisions, now).ok();
  });
  EXPECT_EQ(list("step=updated").size(), 1u);

  c.must(c.client().patch(sets, "numbered", PatchKind::strategic, {{"spec", {{"template", {{"spec", {{"terminationGracePeriodSeconds", 5}}}}}}}}));
  await_count(2);
  c.must(c.client().remove_collection(revisions, {{"labelSelector", "step=updated"}}));
  c.await_gone(revisions, "numbered-again");
  const Json left = await_count(1)[0];
  EXPECT_EQ(int_at(left, "/data/spec/template/spec/terminationGracePeriodSeconds"), 5);
  EXPECT_EQ(int_at(left, "/revision"), 3) << "the number after the highest there was";
}
