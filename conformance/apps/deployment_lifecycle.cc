#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, deployment_lifecycle,
                  {.requirement = "A Deployment MUST be created with the pods it asks for, found in a list over all namespaces, patched and scaled with its pods following, "
                                  "have its status read and patched, and be deleted with all that it owns.",
                   .covers = {"Deployment, completes the lifecycle of a Deployment"},
                   .needs = {"image", "resource:apps/v1/deployments"}}) {
  using namespace plumb::harness;
  const Resource deployments = c.in("apps/v1", "deployments");
  const Query ours{{"labelSelector", "app=lived,space=" + c.space()}};
  Json wanted = c.object("lived");
  wanted["metadata"]["labels"]["space"] = c.space();
  c.create(wanted);
  const auto await_available = [&](const std::string& what, std::int64_t count, const std::string& image) {
    const Json seen = c.await(deployments, "lived", what, [&](const Json* object) {
      return object != nullptr && int_at(*object, "/status/observedGeneration") == int_at(*object, "/metadata/generation") &&
             int_at(*object, "/status/availableReplicas") == count && int_at(*object, "/status/updatedReplicas") == count && int_at(*object, "/status/replicas") == count;
    }, timeouts::rollout);
    EXPECT_EQ(text_at(seen, "/spec/template/spec/containers/0/image"), image);
    return seen;
  };
  await_available("its pod", 1, c.images().first);
  const Json everywhere = c.must(c.client().list({"apps/v1", "deployments", ""}, ours));
  ASSERT_EQ(everywhere["items"].size(), 1u);
  EXPECT_EQ(text_at(everywhere["items"][0], "/metadata/namespace"), c.space());

  const Json patched = c.must(c.client().patch(deployments, "lived", PatchKind::strategic,
                                               {{"metadata", {{"labels", {{"patched", "yes"}}}}},
                                                {"spec", {{"replicas", 2}, {"template", {{"spec", {{"containers", {{{"name", "main"}, {"image", c.images().second}}}}}}}}}}}));
  EXPECT_EQ(text_at(patched, "/metadata/labels/patched"), "yes");
  await_available("two pods of the patched template", 2, c.images().second);
  c.must(c.client().patch(deployments, "lived", PatchKind::merge, {{"spec", {{"replicas", 1}}}}, "scale"));
  await_available("one pod after the scale", 1, c.images().second);

  const Json condition{{"type", "Tested"}, {"status", "True"}, {"reason", "Patched"}};
  EXPECT_EQ(int_at(c.must(c.client().get(deployments, "lived", "status")), "/status/availableReplicas"), 1);
  c.must(c.client().patch(deployments, "lived", PatchKind::strategic, {{"status", {{"conditions", {condition}}}}}, "status"));
  EXPECT_TRUE(has_condition(c.must(c.client().get(deployments, "lived", "status")), "Tested"));

  c.must(c.client().remove_collection(deployments, ours));
  c.await_gone(deployments, "lived");
  c.await_all(c.in("apps/v1", "replicasets"), {{"labelSelector", "app=lived"}}, "no ReplicaSet", [](const Cluster::Objects& found) { return found.empty(); }, timeouts::pod_gone);
  c.await_all(c.pods(), {{"labelSelector", "app=lived"}}, "no pod", [](const Cluster::Objects& found) { return found.empty(); }, timeouts::pod_gone);
}
