#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, deployment_orphan,
                  {.requirement = "A Deployment deleted with orphaning MUST leave its ReplicaSet without an owner and its pods alone, and a new Deployment with that selector MUST adopt it.",
                   .covers = {"Garbage Collector, delete deployment, propagation policy orphan"},
                   .needs = {"controllers", "resource:apps/v1/deployments"}}) {
  using namespace plumb::harness;
  const Resource deployments = c.in("apps/v1", "deployments"), sets = c.in("apps/v1", "replicasets"), pods = c.in("v1", "pods");
  const Query ours{{"labelSelector", "app=orphaning"}};
  c.apply("orphaning");
  std::string set;
  c.await_all(sets, ours, "its replica set", [&](const Cluster::Objects& found) {
    if (found.size() == 1) set = found.begin()->first;
    return found.size() == 1;
  });
  std::string pod;
  c.await_all(pods, ours, "its pod", [&](const Cluster::Objects& found) {
    if (found.size() == 1) pod = found.begin()->first;
    return found.size() == 1;
  });
  c.must(c.client().remove(deployments, "orphaning", {{"propagationPolicy", "Orphan"}}));
  c.await_gone(deployments, "orphaning", timeouts::pod_gone);
  const Json left = c.must(c.client().get(sets, set));
  EXPECT_TRUE(at(left, "/metadata/ownerReferences", Json::array()).empty());
  EXPECT_FALSE(left["metadata"].contains("deletionTimestamp"));
  c.consistently("the pod stays with its replica set", [&] {
    const Json found = c.must(c.client().list(pods, ours));
    return found["items"].size() == 1 && name_of(found["items"][0]) == pod && !found["items"][0]["metadata"].contains("deletionTimestamp");
  }, timeouts::seconds(1));
  const Json again = c.apply("orphaning");
  c.await(sets, set, "the replica set to be adopted", [&](const Json* object) {
    return object != nullptr && text_at(*object, "/metadata/ownerReferences/0/uid") == text_at(again, "/metadata/uid");
  });
  EXPECT_EQ(c.must(c.client().list(sets, ours))["items"].size(), 1u) << "the same template needs no second replica set";
}
