#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(scheduling, limit_range,
                  {.requirement = "Containers MUST get from a LimitRange of their namespace what they do not ask for, and pods outside its bounds "
                                  "MUST be refused, also after the bounds have changed and until the LimitRange is gone.",
                   .covers = {"LimitRange, resources"},
                   .needs = {"resource:v1/limitranges"}}) {
  using namespace plumb::harness;
  const Resource ranges = c.in("v1", "limitranges");
  Json range = c.apply("bounds");
  EXPECT_EQ(at(range, "/spec/limits/0/min"), (Json{{"cpu", "50m"}, {"memory", "100Mi"}, {"ephemeral-storage", "100Gi"}}));
  EXPECT_EQ(at(range, "/spec/limits/0/max"), (Json{{"cpu", "500m"}, {"memory", "500Mi"}, {"ephemeral-storage", "500Gi"}}));
  const auto resources = [](const Json& pod) { return at(pod, "/spec/containers/0/resources"); };
  // The server may need a moment to know of the bounds.
  Json pod;
  c.eventually("a pod to get all defaults", [&] {
    pod = c.must(c.client().create(c.pods(), c.object("silent"), {{"dryRun", "All"}}));
    return !resources(pod).empty();
  });
  EXPECT_EQ(resources(pod), (Json{{"requests", {{"cpu", "100m"}, {"memory", "200Mi"}, {"ephemeral-storage", "200Gi"}}},
                                  {"limits", {{"cpu", "500m"}, {"memory", "500Mi"}, {"ephemeral-storage", "500Gi"}}}}));
  EXPECT_EQ(resources(c.apply("partial")), (Json{{"requests", {{"cpu", "300m"}, {"memory", "150Mi"}, {"ephemeral-storage", "200Gi"}}},
                                                 {"limits", {{"cpu", "300m"}, {"memory", "500Mi"}, {"ephemeral-storage", "500Gi"}}}}));
  const auto bounded = [&](const char* cpu, const char* memory) {
    Json made = c.object("partial");
    made["metadata"]["name"] = "bounded";
    made["spec"]["containers"][0]["resources"] = {{"requests", {{"cpu", cpu}, {"memory", memory}}}, {"limits", {{"cpu", cpu}, {"memory", memory}}}};
    return c.client().create(c.pods(), made, {{"dryRun", "All"}});
  };
  c.refused(bounded("10m", "200Mi"), 403, "Forbidden");
  c.refused(bounded("600m", "200Mi"), 403, "Forbidden");
  c.refused(bounded("100m", "600Mi"), 403, "Forbidden");
  c.must(bounded("100m", "200Mi"));

  range = c.must(c.client().get(ranges, "bounds"));
  range["spec"]["limits"][0]["min"] = {{"cpu", "9m"}, {"memory", "150Mi"}};
  range = c.must(c.client().update(ranges, range));
  EXPECT_EQ(at(range, "/spec/limits/0/min"), (Json{{"cpu", "9m"}, {"memory", "150Mi"}}));
  c.eventually("the new minimum to hold", [&] { return bounded("10m", "200Mi").ok(); });
  c.refused(bounded("10m", "120Mi"), 403, "Forbidden");
  c.refused(bounded("600m", "200Mi"), 403, "Forbidden");
  c.must(c.client().remove(ranges, "bounds"));
  c.await_gone(ranges, "bounds");
  c.eventually("no bounds to hold", [&] { return bounded("600m", "200Mi").ok(); });
}
