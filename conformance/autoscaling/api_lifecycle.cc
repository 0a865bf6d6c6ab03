#include <gtest/gtest.h>

#include "conformance/autoscaling/autoscaler_of.h"

PLUMB_CONFORMANCE(autoscaling, api_lifecycle,
                  {.requirement = "A HorizontalPodAutoscaler of autoscaling/v2 MUST be made, read, listed over one and over all namespaces, watched, updated, patched and deleted, "
                                  "alone and as a collection, and its status MUST be read, updated and patched apart from its spec.",
                   .needs = {"resource:autoscaling/v2/horizontalpodautoscalers"}}) {
  using namespace plumb::harness;
  const Resource all_here = autoscalers(c), everywhere{"autoscaling/v2", "horizontalpodautoscalers", ""};
  const Query ours{{"labelSelector", "kept-for=" + c.space()}};
  const std::string before = version_of(c.must(c.client().list(all_here, ours)));
  Json made = c.create(c.object("first", {{"name", "first"}}));
  EXPECT_EQ(int_at(made, "/spec/minReplicas"), 2);
  EXPECT_FALSE(made.contains(Json::json_pointer("/status/conditions"))) << made.dump();

  Query from = ours;
  from["resourceVersion"] = before;
  const auto watch = c.must(c.client().watch(all_here, from));
  EXPECT_EQ(c.next_event(*watch).type, "ADDED");

  // A controller may write the status at any time.
  c.eventually("an update", [&] {
    made = c.must(c.client().get(all_here, "first"));
    made["spec"]["maxReplicas"] = 5;
    made["status"]["currentReplicas"] = 77;
    return c.client().update(all_here, made).ok();
  });
  made = c.must(c.client().get(all_here, "first"));
  EXPECT_EQ(int_at(made, "/spec/maxReplicas"), 5);
  EXPECT_NE(int_at(made, "/status/currentReplicas"), 77) << "the status was written with the spec";
  const Json patched = c.must(c.client().patch(all_here, "first", PatchKind::merge, {{"spec", {{"maxReplicas", 6}}}}));
  EXPECT_EQ(int_at(patched, "/spec/maxReplicas"), 6);

  const Json told = c.must(c.client().patch(all_here, "first", PatchKind::merge, {{"spec", {{"maxReplicas", 9}}}, {"status", {{"desiredReplicas", 3}}}}, "status"));
  EXPECT_EQ(int_at(told, "/status/desiredReplicas"), 3);
  EXPECT_EQ(int_at(told, "/spec/maxReplicas"), 6) << "the spec was written with the status";
  c.eventually("an update of the status", [&] {
    Json next = c.must(c.client().get(all_here, "first", "status"));
    next["status"]["currentReplicas"] = 1;
    return c.client().update(all_here, next, "status").ok();
  });

  c.create(c.object("second", {{"name", "second"}}));
  const auto count = [&](const Resource& resource) { return c.must(c.client().list(resource, ours))["items"].size(); };
  EXPECT_EQ(count(all_here), 2u);
  EXPECT_EQ(count(everywhere), 2u);
  c.must(c.client().remove(all_here, "first"));
  c.await_gone(all_here, "first");
  c.must(c.client().remove_collection(all_here, ours));
  c.eventually("the collection to be gone", [&] { return count(everywhere) == 0; });
}
