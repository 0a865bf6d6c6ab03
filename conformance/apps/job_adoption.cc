#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, job_adoption,
                  {.requirement = "A Job MUST run as many pods as its parallelism says, adopt again a matching pod that lost its owner, and release a pod whose labels stop matching.",
                   .covers = {"Jobs, orphan pods, re-adoption"},
                   .needs = {"controllers", "resource:batch/v1/jobs"}}) {
  using namespace plumb::harness;
  const Json job = c.apply("parallel");
  const std::string uid = text_at(job, "/metadata/uid");
  const auto is_owned = [&](const Json* pod) { return pod != nullptr && text_at(*pod, "/metadata/ownerReferences/0/uid") == uid; };
  std::string pod;
  c.await_all(c.pods(), {{"labelSelector", "job-name=parallel"}}, "a pod for each of two places", [&](const Cluster::Objects& found) {
    if (!found.empty()) pod = found.begin()->first;
    return found.size() == 2;
  });
  c.must(c.client().patch(c.pods(), pod, PatchKind::merge, {{"metadata", {{"ownerReferences", nullptr}}}}));
  c.await(c.pods(), pod, "the orphan to be adopted", is_owned);
  c.must(c.client().patch(c.pods(), pod, PatchKind::merge, {{"metadata", {{"labels", nullptr}}}}));
  const Json released = c.await(c.pods(), pod, "the pod to be released", [](const Json* object) {
    return object != nullptr && at(*object, "/metadata/ownerReferences", Json::array()).empty();
  });
  EXPECT_TRUE(at(released, "/metadata/finalizers", Json::array()).empty()) << "nothing of the Job holds a pod that it released";
  c.await_all(c.pods(), {{"labelSelector", "job-name=parallel"}}, "another pod in its place",
              [&](const Cluster::Objects& found) { return found.size() == 2 && !found.contains(pod); });
}
