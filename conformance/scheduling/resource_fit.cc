#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/needs.h"

PLUMB_CONFORMANCE(scheduling, resource_fit,
                  {.requirement = "A pod MUST NOT be bound where its requests exceed what is allocatable and not yet requested, MUST be bound "
                                  "once there is room, and its limits alone MUST NOT count against it.",
                   .covers = {"Scheduler, resource limits"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  const std::string node = c.must(usable_nodes(c.client())).front();
  const std::string resource = "plumb.io/" + c.unique("slots");
  std::string escaped = resource;
  escaped.replace(escaped.find('/'), 1, "~1");
  c.undo({"v1", "nodes"}, node, PatchKind::json, Json::array({{{"op", "remove"}, {"path", "/status/capacity/" + escaped}}}), "status");
  c.must(c.client().patch({"v1", "nodes"}, node, PatchKind::json, Json::array({{{"op", "add"}, {"path", "/status/capacity/" + escaped}, {"value", "3"}}}), "status"));
  c.await({"v1", "nodes"}, node, "the node to offer the resource", [&](const Json* object) {
    return object != nullptr && text_at(*object, "/status/allocatable/" + escaped) == "3";
  });
  const std::map<std::string, std::string> values{{"RESOURCE", resource}};
  EXPECT_EQ(text_at(c.start("two", values), "/spec/nodeName"), node);
  c.apply("too-much", values);
  const auto unscheduled = [&](const std::string& pod) {
    c.await(c.pods(), pod, "the scheduler's verdict", [](const Json* object) { return object != nullptr && has_condition(*object, "PodScheduled", "False"); });
  };
  unscheduled("too-much");
  EXPECT_EQ(text_at(c.start("one", values), "/spec/nodeName"), node) << "what is left is enough";
  c.must(c.client().remove(c.pods(), "two"));
  EXPECT_EQ(text_at(c.await_ready("too-much"), "/spec/nodeName"), node);
  c.apply("giant");
  unscheduled("giant");
}
