#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/needs.h"

PLUMB_CONFORMANCE(scheduling, taints,
                  {.requirement = "A pod MUST NOT be bound to a node with a NoSchedule taint that it does not tolerate and MUST be bound with a "
                                  "fitting toleration; a NoExecute taint MUST remove the pods that do not tolerate it.",
                   .needs = {"image", "nodes>=2"},
                   .serial = true}) {
  using namespace plumb::harness;
  const std::vector<std::string> nodes = c.must(usable_nodes(c.client()));
  const std::string node = nodes.back(), key = "plumb.io/" + c.unique("taint");
  const auto set_taint = [&](const char* effect) {
    const Json now = c.must(c.client().get({"v1", "nodes"}, node));
    Json taints = Json::array();
    for (const Json& taint : at(now, "/spec/taints", Json::array())) {
      if (text_at(taint, "/key") != key) taints.push_back(taint);
    }
    if (effect != nullptr) taints.push_back({{"key", key}, {"value", "v"}, {"effect", effect}});
    c.must(c.client().patch({"v1", "nodes"}, node, PatchKind::merge, {{"spec", {{"taints", taints}}}}));
  };
  const std::map<std::string, std::string> values{{"NODE", node}, {"KEY", key}};
  c.undo({"v1", "nodes"}, node, PatchKind::merge, {{"spec", {{"taints", at(c.must(c.client().get({"v1", "nodes"}, node)), "/spec/taints")}}}});
  set_taint("NoSchedule");
  // The scheduler may decide once or twice before it sees the taint.
  c.eventually("the scheduler to see the taint", [&] {
    c.apply("intolerant", values);
    const Json pod = c.await(c.pods(), "intolerant", "the scheduler's verdict", [](const Json* object) {
      return object != nullptr && (has_condition(*object, "PodScheduled") || has_condition(*object, "PodScheduled", "False"));
    });
    if (text_at(pod, "/spec/nodeName").empty()) return true;
    c.must(c.client().remove(c.pods(), "intolerant", {{"gracePeriodSeconds", 0}}));
    c.await_gone(c.pods(), "intolerant", timeouts::pod_gone);
    return false;
  });
  c.apply("wrong", values);
  for (const char* pod : {"intolerant", "wrong"}) {
    c.await(c.pods(), pod, "the scheduler's verdict", [](const Json* object) { return object != nullptr && has_condition(*object, "PodScheduled", "False"); });
  }
  EXPECT_EQ(text_at(c.start("tolerant", values), "/spec/nodeName"), node);
  set_taint(nullptr);
  c.await_ready("intolerant");
  c.await_ready("wrong");
  set_taint("NoExecute");
  c.await_gone(c.pods(), "intolerant", timeouts::pod_gone);
  c.await_gone(c.pods(), "wrong", timeouts::pod_gone);
  EXPECT_TRUE(has_condition(c.must(c.client().get(c.pods(), "tolerant")), "Ready"));
}
