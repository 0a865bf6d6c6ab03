#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/needs.h"

PLUMB_CONFORMANCE(scheduling, node_selection,
                  {.requirement = "A pod MUST be bound only to a node that meets its node selector and required node affinity, by label and by "
                                  "name.",
                   .covers = {"Scheduler, node selector matching"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  const std::vector<std::string> nodes = c.must(usable_nodes(c.client()));
  const std::string node = nodes.back(), label = "plumb.io/" + c.unique("chosen");
  const auto set_label = [&](const Json& value) {
    c.must(c.client().patch({"v1", "nodes"}, node, PatchKind::merge, {{"metadata", {{"labels", {{label, value}}}}}}));
  };
  c.apply("selects", {{"LABEL", label}});
  c.await(c.pods(), "selects", "the scheduler's verdict", [](const Json* pod) { return pod != nullptr && has_condition(*pod, "PodScheduled", "False"); });
  c.undo({"v1", "nodes"}, node, PatchKind::merge, {{"metadata", {{"labels", {{label, nullptr}}}}}});
  set_label("yes");
  EXPECT_EQ(text_at(c.await_ready("selects"), "/spec/nodeName"), node) << "scheduled once a node has the label";
  EXPECT_EQ(text_at(c.start("affine", {{"LABEL", label}}), "/spec/nodeName"), node);
  c.apply("averse", {{"LABEL", label}});
  c.await(c.pods(), "averse", "another node, if there is one", [&](const Json* pod) {
    if (pod == nullptr || nodes.size() == 1) return pod != nullptr && has_condition(*pod, "PodScheduled", "False");
    return has_condition(*pod, "Ready") && text_at(*pod, "/spec/nodeName") != node;
  }, timeouts::pod_runs);
  EXPECT_EQ(text_at(c.start("named", {{"NODE", node}}), "/spec/nodeName"), node);
}
