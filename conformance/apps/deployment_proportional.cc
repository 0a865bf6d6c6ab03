#include <gtest/gtest.h>

#include <map>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, deployment_proportional,
                  {.requirement = "A Deployment that is scaled in the middle of a rollout MUST spread what is added over its ReplicaSets in proportion to their sizes.",
                   .covers = {"Deployment Proportional Scaling"},
                   .needs = {"image", "resource:apps/v1/deployments"}}) {
  using namespace plumb::harness;
  const Resource deployments = c.in("apps/v1", "deployments"), sets = c.in("apps/v1", "replicasets");
  const Query ours{{"labelSelector", "app=grown"}};
  const std::string broken = "registry.invalid/no-such-image:v0";
  c.apply("grown");
  c.await(deployments, "grown", "ten available pods", [](const Json* seen) { return seen != nullptr && int_at(*seen, "/status/availableReplicas") == 10; },
          timeouts::rollout);
  const auto patch = [&](const Json& body) { c.must(c.client().patch(deployments, "grown", PatchKind::strategic, body)); };
  const auto await_sizes = [&](const std::string& what, std::int64_t of_old, std::int64_t of_new) {
    c.await_all(sets, ours, what, [&](const Cluster::Objects& found) {
      std::map<bool, std::int64_t> sizes;  // by whether the template is the broken one
      for (const auto& [name, set] : found) sizes[text_at(set, "/spec/template/spec/containers/0/image") == broken] = int_at(set, "/spec/replicas");
      return sizes.size() == 2 && sizes[false] == of_old && sizes[true] == of_new;
    }, timeouts::rollout);
  };
  patch({{"spec", {{"template", {{"spec", {{"containers", {{{"name", "main"}, {"image", broken}}}}}}}}}}});
  await_sizes("the rollout to halt: ten less two that may be unavailable, and the rest of the thirteen that surge allows", 8, 5);
  patch({{"spec", {{"replicas", 30}}}});
  await_sizes("the twenty more to be shared out as 8 to 5", 20, 13);
}
