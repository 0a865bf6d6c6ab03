#include <gtest/gtest.h>

#include "conformance/scheduling/node_resource.h"

PLUMB_CONFORMANCE(scheduling, preemption_critical,
                  {.requirement = "A critical pod that finds no room MUST be bound after a pod of lower priority, also of another namespace, has been preempted.",
                   .covers = {"Scheduler, Preemption for critical pod"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  const NodeResource room(c, "1");
  const Resource system{"v1", "pods", "kube-system"};
  const std::string name = c.unique("critical");
  c.start("victim", {{"RESOURCE", room.resource}, {"PRIORITY", priority_class(c, "low", 1)}});
  c.clean_up(system, name);
  Json critical = c.object("critical", {{"RESOURCE", room.resource}});
  critical["metadata"] = {{"name", name}};
  EXPECT_EQ(int_at(c.must(c.client().create(system, critical)), "/spec/priority"), 2'000'000'000);
  const Json bound = c.await(system, name, "the critical pod to be bound", [](const Json* object) { return object != nullptr && !text_at(*object, "/spec/nodeName").empty(); },
                             timeouts::pod_gone);
  EXPECT_EQ(text_at(bound, "/spec/nodeName"), room.node);
  c.await_gone(c.pods(), "victim", timeouts::pod_gone);
}
