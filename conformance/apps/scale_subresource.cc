#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, scale_subresource,
                  {.requirement = "The scale subresource of a Deployment and of a ReplicaSet MUST tell how many pods are asked for and run, and MUST, updated or patched, change "
                                  "how many run.",
                   .covers = {"Deployment, completes the scaling of a Deployment subresource", "ReplicaSet, completes the scaling of a ReplicaSet subresource"},
                   .needs = {"image", "resource:apps/v1/deployments", "resource:apps/v1/replicasets"}}) {
  using namespace plumb::harness;
  for (const auto& [plural, name] : {std::pair("deployments", "deployed"), std::pair("replicasets", "replicated")}) {
    const Resource resource = c.in("apps/v1", plural);
    const auto await_running = [&, plural = plural, name = name](std::int64_t count) {
      c.await(resource, name, std::to_string(count) + " ready pods", [&](const Json* object) {
        return object != nullptr && int_at(*object, "/status/readyReplicas") == count && int_at(*object, "/status/replicas") == count;
      }, timeouts::rollout);
      const Json scale = c.must(c.client().get(resource, name, "scale"));
      EXPECT_EQ(text_at(scale, "/kind"), "Scale") << plural;
      EXPECT_EQ(int_at(scale, "/spec/replicas"), count) << plural;
      EXPECT_EQ(int_at(scale, "/status/replicas"), count) << plural;
      EXPECT_EQ(text_at(scale, "/status/selector").find("app=" + std::string(name)), 0u) << scale.dump();
      EXPECT_EQ(int_at(c.must(c.client().get(resource, name)), "/spec/replicas"), count) << plural;
      return scale;
    };
    c.apply(name);
    Json scale = await_running(1);
    scale["spec"]["replicas"] = 2;
    EXPECT_EQ(int_at(c.must(c.client().update(resource, scale, "scale")), "/spec/replicas"), 2) << plural;
    await_running(2);
    EXPECT_EQ(int_at(c.must(c.client().patch(resource, name, PatchKind::merge, {{"spec", {{"replicas", 3}}}}, "scale")), "/spec/replicas"), 3) << plural;
    await_running(3);
    c.refused(c.client().patch(resource, name, PatchKind::merge, {{"spec", {{"replicas", -1}}}}, "scale"), 422, "Invalid");
  }
}
