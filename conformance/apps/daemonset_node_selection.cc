#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/conformance_test.h"
#include "harness/runner/needs.h"

PLUMB_CONFORMANCE(apps, daemonset_node_selection,
                  {.requirement = "A DaemonSet with a node selector MUST run on the nodes that have its labels and MUST leave those that lose them, also when the selector changes.",
                   .covers = {"DaemonSet-NodeSelection"},
                   .needs = {"image", "resource:apps/v1/daemonsets"}}) {
  using namespace plumb::harness;
  const Resource sets = c.in("apps/v1", "daemonsets"), nodes{"v1", "nodes", ""};
  const std::string node = c.must(usable_nodes(c.client())).front(), key = "plumb.io/" + c.unique("color");
  const auto label = [&](const Json& value) { c.must(c.client().patch(nodes, node, PatchKind::merge, {{"metadata", {{"labels", {{key, value}}}}}})); };
  const auto await_pods = [&](std::size_t count) {
    c.await_all(c.pods(), {{"labelSelector", "app=selective"}}, std::to_string(count) + " pods on the labelled node", [&](const Cluster::Objects& pods) {
      return pods.size() == count && std::all_of(pods.begin(), pods.end(), [&](const auto& one) {
        return text_at(one.second, "/spec/nodeName") == node && has_condition(one.second, "Ready");
      });
    }, timeouts::rollout);
    c.await(sets, "selective", "the status to follow", [&](const Json* set) {
      const auto wanted = static_cast<std::int64_t>(count);
      return set != nullptr && int_at(*set, "/status/observedGeneration") == int_at(*set, "/metadata/generation") &&
             int_at(*set, "/status/desiredNumberScheduled") == wanted && int_at(*set, "/status/numberAvailable") == wanted;
    });
  };
  c.undo(nodes, node, PatchKind::merge, {{"metadata", {{"labels", {{key, nullptr}}}}}});
  c.apply("selective", {{"KEY", key}});
  await_pods(0);
  label("blue");
  await_pods(1);
  label("green");
  await_pods(0);
  c.must(c.client().patch(sets, "selective", PatchKind::merge, {{"spec", {{"template", {{"spec", {{"nodeSelector", {{key, "green"}}}}}}}}}}));
  await_pods(1);
  label(nullptr);
  await_pods(0);
}
