#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(scheduling, unschedulable,
                  {.requirement = "A pod whose node selector no node meets MUST stay unbound with the condition PodScheduled false and the reason Unschedulable.",
                   .covers = {"Scheduler, node selector not matching"},
                   .needs = {"controllers"}}) {
  using namespace plumb::harness;
  const Resource pods = c.in("v1", "pods");
  c.apply("picky");
  const Json pod = c.await(pods, "picky", "the scheduler's verdict", [](const Json* object) { return object != nullptr && has_condition(*object, "PodScheduled", "False"); });
  for (const Json& condition : at(pod, "/status/conditions", Json::array())) {
    if (text_at(condition, "/type") == "PodScheduled") {
      EXPECT_EQ(text_at(condition, "/reason"), "Unschedulable");
    }
  }
  EXPECT_EQ(text_at(pod, "/spec/nodeName"), "");
  c.consistently("the pod is bound to no node", [&] { return text_at(c.must(c.client().get(pods, "picky")), "/spec/nodeName").empty(); }, timeouts::seconds(1));
  c.must(c.client().remove(pods, "picky"));
  c.refused(c.client().get(pods, "picky"), 404, "NotFound");
}
