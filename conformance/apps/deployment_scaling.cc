#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, deployment_scaling,
                  {.requirement = "A Deployment MUST keep one owned ReplicaSet with as many pods as it asks for, also after its scale subresource is updated or patched, and "
                                  "its deletion in the background MUST take them along.",
                   .covers = {"Garbage Collector, delete deployment,  propagation policy background"},
                   .needs = {"controllers", "resource:apps/v1/deployments"}}) {
  using namespace plumb::harness;
  const Resource deployments = c.in("apps/v1", "deployments"), sets = c.in("apps/v1", "replicasets"), pods = c.in("v1", "pods");
  const Query ours{{"labelSelector", "app=scaled"}};
  const Json made = c.apply("scaled");
  EXPECT_EQ(int_at(made, "/metadata/generation"), 1);
  const auto await_pods = [&](std::size_t count) {
    c.await_all(pods, ours, std::to_string(count) + " pods", [&](const Cluster::Objects& found) {
      return static_cast<std::size_t>(std::count_if(found.begin(), found.end(), [](const auto& pod) { return !pod.second["metadata"].contains("deletionTimestamp"); })) == count;
    });
  };
  await_pods(2);
  const Json listed = c.must(c.client().list(sets, ours));
  ASSERT_EQ(listed["items"].size(), 1u);
  const Json& set = listed["items"][0];
  EXPECT_EQ(text_at(set, "/metadata/ownerReferences/0/uid"), text_at(made, "/metadata/uid"));
  EXPECT_TRUE(at(set, "/metadata/ownerReferences/0/controller") == true);
  EXPECT_FALSE(text_at(set, "/metadata/labels/pod-template-hash").empty());
  const Json some_pods = c.must(c.client().list(pods, ours));
  for (const Json& pod : some_pods["items"]) {
    EXPECT_EQ(text_at(pod, "/metadata/ownerReferences/0/uid"), text_at(set, "/metadata/uid"));
    EXPECT_EQ(text_at(pod, "/metadata/labels/pod-template-hash"), text_at(set, "/metadata/labels/pod-template-hash"));
  }
  Json scale = c.must(c.client().get(deployments, "scaled", "scale"));
  EXPECT_EQ(text_at(scale, "/kind"), "Scale");
  EXPECT_EQ(int_at(scale, "/spec/replicas"), 2);
  scale["spec"]["replicas"] = 4;
  scale["metadata"].erase("resourceVersion");
  c.must(c.client().update(deployments, scale, "scale"));
  await_pods(4);
  c.must(c.client().patch(deployments, "scaled", PatchKind::merge, {{"spec", {{"replicas", 1}}}}, "scale"));
  await_pods(1);
  const Json status = c.await(deployments, "scaled", "the status to follow", [](const Json* object) {
    return object != nullptr && int_at(*object, "/status/replicas") == 1 && int_at(*object, "/status/observedGeneration") == int_at(*object, "/metadata/generation");
  });
  EXPECT_EQ(int_at(status, "/metadata/generation"), 3) << "each change of the spec raises the generation, status does not";
  c.must(c.client().remove(deployments, "scaled", {{"propagationPolicy", "Background"}}));
  c.await_all(sets, ours, "the replica set to go along", [](const Cluster::Objects& found) { return found.empty(); }, timeouts::pod_gone);
  await_pods(0);
}
