#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/runner/conformance_test.h"

namespace {

using namespace plumb::harness;

bool rolled_out(const Json* object, int replicas) {
  return object != nullptr && int_at(*object, "/status/observedGeneration") == int_at(*object, "/metadata/generation") &&
         int_at(*object, "/status/updatedReplicas") == replicas && int_at(*object, "/status/availableReplicas") == replicas && int_at(*object, "/status/replicas") == replicas;
}

Json with_image(const std::string& image) {
  return {{"spec", {{"template", {{"spec", {{"containers", {{{"name", "main"}, {"image", image}}}}}}}}}}};
}

}  // namespace

PLUMB_CONFORMANCE(apps, deployment_rolling_update,
                  {.requirement = "A rolling update MUST replace every pod by one of the new template without falling below the available, or "
                                  "rising above the allowed, number of pods, MUST stop at a template that cannot run, and MUST be undone by the "
                                  "old template.",
                   .covers = {"Deployment RollingUpdate"},
                   .needs = {"image", "resource:apps/v1/deployments"}}) {
  const Resource deployments = c.in("apps/v1", "deployments");
  const Query ours{{"labelSelector", "app=rolling"}};
  c.apply("rolling");
  const auto await_rollout = [&] {
    c.await(deployments, "rolling", "the rollout", [](const Json* object) { return rolled_out(object, 3); }, timeouts::rollout);
  };
  const auto set_image = [&](const std::string& image) { c.must(c.client().patch(deployments, "rolling", PatchKind::strategic, with_image(image))); };
  await_rollout();
  std::size_t most = 0;
  std::int64_t least_available = 3;
  const auto run_pods = [&](const std::string& image) {
    std::set<std::string> names;
    const Json listed = c.must(c.client().list(c.pods(), ours));
    for (const Json& pod : listed["items"]) {
      if (!pod["metadata"].contains("deletionTimestamp") && text_at(pod, "/spec/containers/0/image") == image) names.insert(name_of(pod));
    }
    return names;
  };
  const auto first = run_pods(c.images().first);
  EXPECT_EQ(first.size(), 3u);
  set_image(c.images().second);
  c.await(deployments, "rolling", "the new template to be rolled out", [&](const Json* object) {
    const Json listed = c.must(c.client().list(c.pods(), ours));
    most = std::max<std::size_t>(most, static_cast<std::size_t>(std::count_if(listed["items"].begin(), listed["items"].end(), [](const Json& pod) {
      return !pod["metadata"].contains("deletionTimestamp");
    })));
    if (object != nullptr) least_available = std::min(least_available, int_at(*object, "/status/availableReplicas"));
    return rolled_out(object, 3);
  }, timeouts::rollout);
  EXPECT_LE(most, 4u) << "maxSurge is 1";
  EXPECT_GE(least_available, 3) << "maxUnavailable is 0";
  const auto second = run_pods(c.images().second);
  ASSERT_EQ(second.size(), 3u);
  EXPECT_EQ(run_pods(c.images().first).size(), 0u);
  EXPECT_EQ(c.output(*second.begin(), {"get", "http://127.0.0.1:8080/version"}), "v2");

  set_image("registry.invalid/no-such-image:v0");
  c.await(deployments, "rolling", "the rollout to be reported as stuck", [](const Json* object) {
    return object != nullptr && has_condition(*object, "Progressing", "False");
  }, timeouts::rollout);
  EXPECT_EQ(run_pods(c.images().second), second) << "pods that work stay until others do";
  set_image(c.images().second);
  await_rollout();
  EXPECT_EQ(run_pods(c.images().second), second) << "undone without touching what never changed";
}
