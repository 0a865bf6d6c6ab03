#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, runtime_class,
                  {.requirement = "A pod of a RuntimeClass MUST be admitted and scheduled, with the class's overhead where it has one, and MUST be refused when there is no such class "
                                  "or it was deleted.",
                   .covers = {"Can schedule a pod requesting existing RuntimeClass.", "RuntimeClass Overhead field must be respected.", "Pod with the non-existing RuntimeClass is rejected.",
                              "Pod with the deleted RuntimeClass is rejected."},
                   .needs = {"nodes>=1"}}) {
  using namespace plumb::harness;
  const Resource classes{"node.k8s.io/v1", "runtimeclasses", ""};
  const auto make_class = [&](const std::string& name, const Json& more) {
    Json made = {{"apiVersion", "node.k8s.io/v1"}, {"kind", "RuntimeClass"}, {"metadata", {{"name", c.unique(name)}}}, {"handler", "plumb-nobody"}};
    made.update(more);
    c.create(made);
    return c.unique(name);
  };
  // Whether the handler is there matters when the pod is started, which is nothing for this test.
  const auto pod_of = [&](const std::string& name, const std::string& runtime_class) {
    Json made = c.object("pod", {{"class", runtime_class}});
    made["metadata"]["name"] = name;
    return made;
  };
  const auto await_scheduled = [&](const std::string& name) {
    return c.await(c.pods(), name, "the pod to be scheduled", [](const Json* pod) { return pod != nullptr && has_condition(*pod, "PodScheduled"); });
  };

  c.refused(c.client().create(c.pods(), pod_of("missing", c.unique("none"))), 403, "Forbidden");

  const std::string plain = make_class("plain", Json::object());
  c.eventually("a pod of the new class to be admitted", [&] { return c.client().create(c.pods(), pod_of("plain", plain)).ok(); });
  EXPECT_FALSE(await_scheduled("plain")["spec"].contains("overhead"));

  const Json overhead = {{"cpu", "10m"}, {"memory", "1Mi"}};
  const std::string costly = make_class("costly", {{"overhead", {{"podFixed", overhead}}}});
  c.eventually("a pod of the new class to be admitted", [&] { return c.client().create(c.pods(), pod_of("costly", costly)).ok(); });
  EXPECT_EQ(at(await_scheduled("costly"), "/spec/overhead"), overhead);

  c.must(c.client().remove(classes, plain));
  c.await_gone(classes, plain);
  c.eventually("pods of the deleted class to be refused", [&] { return !c.client().create(c.pods(), pod_of("late", plain), {{"dryRun", "All"}}).ok(); });
  c.refused(c.client().create(c.pods(), pod_of("late", plain)), 403, "Forbidden");
}
