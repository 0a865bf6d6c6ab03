#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, replicaset_adoption,
                  {.requirement = "A ReplicaSet MUST adopt matching pods that nobody owns, release a pod whose labels stop matching, and replace a pod that it lost.",
                   .covers = {"Replica Set, adopt matching pods and release non matching pods"},
                   .needs = {"controllers", "resource:apps/v1/replicasets"}}) {
  using namespace plumb::harness;
  const Resource pods = c.in("v1", "pods");
  const Query ours{{"labelSelector", "app=adopting"}};
  c.apply("stray");
  const Json set = c.apply("adopting");
  const std::string uid = text_at(set, "/metadata/uid");
  c.await(pods, "stray", "the pod to be adopted", [&](const Json* pod) { return pod != nullptr && text_at(*pod, "/metadata/ownerReferences/0/uid") == uid; });
  c.consistently("the adopted pod is the only one", [&] { return c.must(c.client().list(pods, ours))["items"].size() == 1; }, timeouts::seconds(1));
  c.must(c.client().patch(pods, "stray", PatchKind::merge, {{"metadata", {{"labels", {{"app", "released"}}}}}}));
  c.await(pods, "stray", "the pod to be released", [](const Json* pod) { return pod != nullptr && at(*pod, "/metadata/ownerReferences", Json::array()).empty(); });
  std::string replacement;
  c.await_all(pods, ours, "a new pod in its place", [&](const Cluster::Objects& found) {
    if (found.size() != 1) return false;
    replacement = found.begin()->first;
    return true;
  });
  c.must(c.client().remove(pods, replacement));
  c.await_all(pods, ours, "the deleted pod to be replaced",
              [&](const Cluster::Objects& found) { return found.size() == 1 && found.begin()->first != replacement; }, timeouts::pod_gone);
  EXPECT_TRUE(c.client().get(pods, "stray").ok()) << "a released pod is left alone";
}
