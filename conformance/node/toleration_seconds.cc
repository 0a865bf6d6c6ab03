#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/needs.h"

PLUMB_CONFORMANCE(node, toleration_seconds,
                  {.requirement = "A pod MUST be evicted once a NoExecute taint has been on its node for the tolerationSeconds of its toleration, no sooner, and MUST stay where the taint goes "
                                  "before that.",
                   .covers = {"Pod Eviction, Toleration limits", "Taint, Pod Eviction on taint removal"},
                   .needs = {"image"},
                   .serial = true}) {
  using namespace plumb::harness;
  using namespace std::chrono_literals;
  const std::string node = c.must(usable_nodes(c.client())).back(), key = "plumb.io/" + c.unique("taint");
  const Resource nodes{"v1", "nodes"};
  const Json before = at(c.must(c.client().get(nodes, node)), "/spec/taints", Json::array());
  const std::map<std::string, std::string> values{{"NODE", node}, {"KEY", key}};
  for (const char* pod : {"short", "long"}) c.apply(pod, values);
  for (const char* pod : {"short", "long"}) c.await_ready(pod);

  c.undo(nodes, node, PatchKind::merge, {{"spec", {{"taints", before.empty() ? Json() : before}}}});
  Json tainted = before;
  tainted.push_back({{"key", key}, {"value", "v"}, {"effect", "NoExecute"}});
  const plumb::Instant began = plumb::real_clock().now();
  c.must(c.client().patch(nodes, node, PatchKind::merge, {{"spec", {{"taints", tainted}}}}));
  c.await(c.pods(), "short", "the pod to be evicted", [](const Json* pod) { return pod == nullptr || !text_at(*pod, "/metadata/deletionTimestamp").empty(); }, timeouts::pod_gone);
  // The API tells times in whole seconds: a second less than what was asked for.
  EXPECT_GE(plumb::real_clock().now() - began, 2s);
  c.must(c.client().patch(nodes, node, PatchKind::merge, {{"spec", {{"taints", before.empty() ? Json() : before}}}}));
  c.require(plumb::real_clock().now() - began < 15s, "the first pod was evicted too late to look at the second");
  c.consistently("the pod that tolerates the taint for longer to stay", [&] {
    const auto pod = c.client().get(c.pods(), "long");
    return pod.ok() && text_at(*pod, "/metadata/deletionTimestamp").empty();
  }, began + 20s - plumb::real_clock().now());
}
