#include <gtest/gtest.h>

#include "conformance/scheduling/node_resource.h"

PLUMB_CONFORMANCE(scheduling, preemption,
                  {.requirement = "A pod of higher priority that finds no room MUST be bound after pods of lower priority have been preempted, no more and none more important than "
                                  "needed, and these MUST get the condition DisruptionTarget.",
                   .covers = {"Scheduler, Basic Preemption", "Verify the DisruptionTarget condition is added to the preempted pod"},
                   .needs = {"image", "version>=1.26"}}) {
  using namespace plumb::harness;
  const NodeResource room(c, "3");
  const std::string low = priority_class(c, "low", 1), middle = priority_class(c, "middle", 100), high = priority_class(c, "high", 1000);
  const auto values = [&](const std::string& priority) { return std::map<std::string, std::string>{{"RESOURCE", room.resource}, {"PRIORITY", priority}}; };
  EXPECT_EQ(int_at(c.start("victim", values(low)), "/spec/priority"), 1);
  c.start("bystander", values(middle));
  const Json preemptor = c.apply("preemptor", values(high));
  EXPECT_EQ(int_at(preemptor, "/spec/priority"), 1000);
  // A finalizer holds the victim, so that what it shows can be read.
  const Json victim = c.await(c.pods(), "victim", "the victim to be deleted", [](const Json* object) {
    return object != nullptr && !text_at(*object, "/metadata/deletionTimestamp").empty();
  });
  EXPECT_TRUE(has_condition(victim, "DisruptionTarget"));
  for (const Json& condition : at(victim, "/status/conditions", Json::array())) {
    if (text_at(condition, "/type") == "DisruptionTarget") {
      EXPECT_EQ(text_at(condition, "/reason"), "PreemptionByScheduler");
    }
  }
  c.must(c.client().patch(c.pods(), "victim", PatchKind::merge, {{"metadata", {{"finalizers", nullptr}}}}));
  EXPECT_EQ(text_at(c.await_ready("preemptor"), "/spec/nodeName"), room.node);
  c.await_gone(c.pods(), "victim", timeouts::pod_gone);
  const Json bystander = c.must(c.client().get(c.pods(), "bystander"));
  EXPECT_EQ(text_at(bystander, "/metadata/deletionTimestamp"), "") << "one victim was enough";
  EXPECT_TRUE(has_condition(bystander, "Ready"));
}
