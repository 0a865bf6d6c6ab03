#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, workload_collections,
                  {.requirement = "StatefulSets, DaemonSets, Deployments and ReplicaSets MUST be made, listed by label over one and over all namespaces, patched, and "
                                  "deleted as a collection.",
                   .covers = {"StatefulSet, list, patch and delete a collection of StatefulSets", "DaemonSet, list and delete a collection of DaemonSets",
                              "ReplicaSet, list and delete a collection of ReplicaSets"},
                   .needs = {"controllers", "resource:apps/v1/statefulsets", "resource:apps/v1/daemonsets", "resource:apps/v1/deployments",
                             "resource:apps/v1/replicasets"}}) {
  using namespace plumb::harness;
  for (const auto& [plural, name] : {std::pair("statefulsets", "first"), std::pair("daemonsets", "second"), std::pair("deployments", "third"), std::pair("replicasets", "fourth")}) {
    const Resource resource = c.in("apps/v1", plural);
    const Query ours{{"labelSelector", "app=" + std::string(name) + ",space=" + c.space()}};
    Json object = c.object(name);
    object["metadata"]["labels"]["space"] = c.space();
    c.create(object);
    c.await(resource, name, "the controller to have seen it", [](const Json* seen) {
      return seen != nullptr && int_at(*seen, "/status/observedGeneration") == int_at(*seen, "/metadata/generation");
    });
    const Json patched = c.must(c.client().patch(resource, name, PatchKind::strategic,
                                                 {{"metadata", {{"labels", {{"patched", "yes"}}}}},
                                                  {"spec", {{"template", {{"spec", {{"containers", {{{"name", "main"}, {"image", "other"}}}}}}}}}}}));
    EXPECT_EQ(text_at(patched, "/metadata/labels/patched"), "yes") << plural;
    EXPECT_EQ(text_at(patched, "/spec/template/spec/containers/0/image"), "other") << plural;
    EXPECT_EQ(int_at(patched, "/metadata/generation"), 2) << plural;
    const Json everywhere = c.must(c.client().list({"apps/v1", plural, ""}, ours));
    ASSERT_EQ(everywhere["items"].size(), 1u) << plural;
    EXPECT_EQ(name_of(everywhere["items"][0]), name);
    ASSERT_EQ(c.must(c.client().list(resource, ours))["items"].size(), 1u) << plural;
    c.must(c.client().remove_collection(resource, ours));
    c.await_gone(resource, name);
    EXPECT_EQ(c.must(c.client().list(resource, ours))["items"].size(), 0u) << plural;
  }
}
