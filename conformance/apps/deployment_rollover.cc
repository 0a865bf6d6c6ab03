#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, deployment_rollover,
                  {.requirement = "A Deployment whose template changes again before a rollout has finished MUST leave that rollout and reach the last template, keeping "
                                  "its available pods meanwhile; a ReplicaSet from before it that its selector matches MUST be taken over and rolled out.",
                   .covers = {"Deployment Rollover"},
                   .needs = {"image", "resource:apps/v1/deployments", "resource:apps/v1/replicasets"}}) {
  using namespace plumb::harness;
  const Resource deployments = c.in("apps/v1", "deployments"), sets = c.in("apps/v1", "replicasets");
  const Query ours{{"labelSelector", "app=rolled"}};
  const Json wanted = c.object("rolled");
  Json set{{"apiVersion", "apps/v1"}, {"kind", "ReplicaSet"}, {"metadata", {{"name", "before"}, {"labels", {{"app", "rolled"}}}}},
           {"spec", {{"replicas", 2}, {"selector", wanted["spec"]["selector"]}, {"template", wanted["spec"]["template"]}}}};
  set["spec"]["template"]["metadata"]["labels"]["made"] = "before";
  c.create(set);
  c.await(sets, "before", "its pods to be available", [](const Json* seen) { return seen != nullptr && int_at(*seen, "/status/availableReplicas") == 2; }, timeouts::rollout);

  const auto image = [](const std::string& name) -> Json {
    return {{"spec", {{"template", {{"spec", {{"containers", {{{"name", "main"}, {"image", name}}}}}}}}}}};
  };
  Json broken = wanted;
  broken["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.invalid/no-such-image:v0";
  const Json made = c.create(broken);
  c.await(sets, "before", "the Deployment to take it over", [&](const Json* seen) {
    return seen != nullptr && text_at(*seen, "/metadata/ownerReferences/0/uid") == text_at(made, "/metadata/uid");
  });
  c.await(deployments, "rolled", "the rollout to be under way", [](const Json* seen) { return seen != nullptr && int_at(*seen, "/status/updatedReplicas") == 1; });
  std::int64_t least = 2;
  c.must(c.client().patch(deployments, "rolled", PatchKind::strategic, image(c.images().second)));
  c.await(deployments, "rolled", "the last template to be rolled out", [&](const Json* seen) {
    if (seen == nullptr) return false;
    least = std::min(least, int_at(*seen, "/status/availableReplicas"));
    return int_at(*seen, "/status/observedGeneration") == int_at(*seen, "/metadata/generation") && int_at(*seen, "/status/updatedReplicas") == 2 &&
           int_at(*seen, "/status/availableReplicas") == 2 && int_at(*seen, "/status/replicas") == 2;
  }, timeouts::rollout);
  EXPECT_GE(least, 2) << "maxUnavailable is 0";
  const Json listed = c.must(c.client().list(sets, ours));
  EXPECT_EQ(listed["items"].size(), 3u);
  for (const Json& each : listed["items"]) {
    const bool last = text_at(each, "/spec/template/spec/containers/0/image") == c.images().second;
    EXPECT_EQ(int_at(each, "/spec/replicas"), last ? 2 : 0) << name_of(each);
    EXPECT_EQ(int_at(each, "/status/replicas"), last ? 2 : 0) << name_of(each);
  }
}
