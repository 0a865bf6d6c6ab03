#include <gtest/gtest.h>

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

PLUMB_CONFORMANCE(apps, deployment_recreate,
                  {.requirement = "A Deployment that recreates MUST run no pod of the new template before every pod of the old one is gone.",
                   .covers = {"Deployment Recreate"},
                   .needs = {"image", "resource:apps/v1/deployments"}}) {
  const Resource deployments = c.in("apps/v1", "deployments");
  c.apply("recreated");
  c.await(deployments, "recreated", "the first rollout", [](const Json* object) { return rolled_out(object, 2); }, timeouts::rollout);
  const auto watch = c.must(c.client().watch(c.pods(), {{"labelSelector", "app=recreated"}}));
  c.must(c.client().patch(deployments, "recreated", PatchKind::strategic, with_image(c.images().second)));
  std::set<std::string> old_pods, new_pods, ready;
  while (ready.size() < 2) {
    const auto event = c.must(watch->next(plumb::real_clock().now() + timeouts::rollout));
    c.require(event.has_value(), "the second rollout comes to its end");
    if (event->type == "BOOKMARK") continue;
    const bool is_new = text_at(event->object, "/spec/containers/0/image") == c.images().second;
    // A pod's containers have stopped when its phase says so, or when it is gone.
    const std::string phase = text_at(event->object, "/status/phase");
    const bool lives = event->type != "DELETED" && phase != "Succeeded" && phase != "Failed";
    auto& group = is_new ? new_pods : old_pods;
    if (lives) group.insert(name_of(event->object));
    else group.erase(name_of(event->object));
    c.require(!is_new || !lives || old_pods.empty(), "no pod of the new template is made while one of the old lives");
    if (is_new && has_condition(event->object, "Ready")) ready.insert(name_of(event->object));
  }
}
