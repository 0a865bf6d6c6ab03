#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, replicationcontroller_adoption,
                  {.requirement = "A ReplicationController MUST adopt a matching pod that nobody owns, and release a pod whose labels stop matching, of which it is the owner no more.",
                   .covers = {"Replication Controller, adopt matching pods", "Replication Controller, release pods"},
                   .needs = {"controllers"}}) {
  using namespace plumb::harness;
  const Query ours{{"labelSelector", "app=adopting"}};
  c.apply("stray");
  const std::string uid = text_at(c.apply("adopting"), "/metadata/uid");
  c.await(c.pods(), "stray", "the pod to be adopted", [&](const Json* pod) {
    return pod != nullptr && text_at(*pod, "/metadata/ownerReferences/0/uid") == uid && at(*pod, "/metadata/ownerReferences/0/controller", false).get<bool>();
  });
  EXPECT_EQ(c.must(c.client().list(c.pods(), ours))["items"].size(), 1u);
  c.must(c.client().patch(c.pods(), "stray", PatchKind::merge, {{"metadata", {{"labels", {{"app", "released"}}}}}}));
  c.await(c.pods(), "stray", "the pod to be released", [](const Json* pod) { return pod != nullptr && at(*pod, "/metadata/ownerReferences", Json::array()).empty(); });
  c.await_all(c.pods(), ours, "a new pod in its place", [&](const Cluster::Objects& found) {
    return found.size() == 1 && text_at(found.begin()->second, "/metadata/ownerReferences/0/uid") == uid;
  });
}
