#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, quota_lifecycle,
                  {.requirement = "A ResourceQuota MUST be made, listed by label over all namespaces, updated, patched and deleted, alone and as a "
                                  "collection.",
                   .covers = {"ResourceQuota, update and delete", "ResourceQuota, manage lifecycle of a ResourceQuota"},
                   .needs = {"resource:v1/resourcequotas"}}) {
  using namespace plumb::harness;
  const Resource quotas = c.in("v1", "resourcequotas");
  const Query ours{{"labelSelector", "space=" + c.space()}};
  Json made = c.object("changed");
  made["metadata"]["labels"] = {{"space", c.space()}};
  made = c.create(made);
  EXPECT_EQ(at(made, "/spec/hard"), (Json{{"cpu", "1"}, {"memory", "500Mi"}}));
  // The controller may write the status at any time.
  c.eventually("an update", [&] {
    made = c.must(c.client().get(quotas, "changed"));
    made["spec"]["hard"] = {{"cpu", "2"}, {"memory", "1Gi"}};
    return c.client().update(quotas, made).ok();
  });
  EXPECT_EQ(at(c.must(c.client().get(quotas, "changed")), "/spec/hard"), (Json{{"cpu", "2"}, {"memory", "1Gi"}}));
  const Json everywhere = c.must(c.client().list({"v1", "resourcequotas", ""}, ours));
  ASSERT_EQ(everywhere["items"].size(), 1u);
  EXPECT_EQ(name_of(everywhere["items"][0]), "changed");
  const Json patch{{"metadata", {{"labels", {{"patched", "yes"}}}}}, {"spec", {{"hard", {{"memory", "750Mi"}}}}}};
  const Json patched = c.must(c.client().patch(quotas, "changed", PatchKind::strategic, patch));
  EXPECT_EQ(text_at(patched, "/metadata/labels/patched"), "yes");
  EXPECT_EQ(at(patched, "/spec/hard"), (Json{{"cpu", "2"}, {"memory", "750Mi"}}));
  c.must(c.client().remove_collection(quotas, {{"labelSelector", "patched=yes,space=" + c.space()}}));
  c.await_gone(quotas, "changed");
  c.apply("changed");
  c.must(c.client().remove(quotas, "changed"));
  c.await_gone(quotas, "changed");
}
