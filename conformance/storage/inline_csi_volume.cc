#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(storage, inline_csi_volume,
                  {.requirement = "A pod with an inline CSI volume MUST be created, read, listed, patched and deleted like any other.",
                   .covers = {"CSIInlineVolumes should support Pods with inline volumes"},
                   .needs = {"controllers"}}) {
  using namespace plumb::harness;
  const Json csi{{"driver", "plumb.io"}, {"readOnly", true}, {"volumeAttributes", {{"size", "1"}}}};
  c.create({{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"name", "inline"}, {"labels", {{"plumb.io/inline", "yes"}}}}},
            {"spec", {{"terminationGracePeriodSeconds", 0},
                      // Nowhere: no node has that driver.
                      {"nodeSelector", {{"plumb.io/no-such-node", "yes"}}},
                      {"containers", {{{"name", "c"}, {"image", "plumb.invalid/never:1"}, {"volumeMounts", {{{"name", "v"}, {"mountPath", "/v"}}}}}}},
                      {"volumes", {{{"name", "v"}, {"csi", csi}}}}}}});
  const auto csi_of = [](const Json& pod) {
    for (const Json& volume : at(pod, "/spec/volumes", Json::array()))
      if (text_at(volume, "/name") == "v") return at(volume, "/csi");
    return Json();
  };
  EXPECT_EQ(csi_of(c.must(c.client().get(c.pods(), "inline"))), csi);
  const Json listed = c.must(c.client().list(c.pods(), {{"labelSelector", "plumb.io/inline=yes"}}))["items"];
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(csi_of(listed[0]), csi);
  c.must(c.client().patch(c.pods(), "inline", PatchKind::merge, {{"metadata", {{"annotations", {{"patched", "true"}}}}}}));
  const Json patched = c.must(c.client().get(c.pods(), "inline"));
  EXPECT_EQ(text_at(patched, "/metadata/annotations/patched"), "true");
  EXPECT_EQ(csi_of(patched), csi);
  c.must(c.client().remove(c.pods(), "inline"));
  c.await_gone(c.pods(), "inline", timeouts::pod_gone);
}
