#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, statefulset_partition,
                  {.requirement = "A rolling update of a StatefulSet MUST reach the pods from the partition on and no others, and a pod that is deleted meanwhile MUST come back at "
                                  "the revision that its ordinal had.",
                   .covers = {"StatefulSet, Rolling Update with Partition"},
                   .needs = {"image", "resource:apps/v1/statefulsets"}}) {
  using namespace plumb::harness;
  const Resource sets = c.in("apps/v1", "statefulsets");
  const auto await_ready = [&] {
    return c.await(sets, "phased", "three ready pods", [](const Json* set) {
      return set != nullptr && int_at(*set, "/status/observedGeneration") == int_at(*set, "/metadata/generation") && int_at(*set, "/status/readyReplicas") == 3;
    }, timeouts::rollout);
  };
  const auto set_partition = [&](int partition) {
    c.must(c.client().patch(sets, "phased", PatchKind::merge, {{"spec", {{"updateStrategy", {{"rollingUpdate", {{"partition", partition}}}}}}}}));
  };
  c.apply("phased");
  const std::string old_revision = text_at(await_ready(), "/status/currentRevision");
  c.must(c.client().patch(sets, "phased", PatchKind::strategic,
                          {{"spec", {{"template", {{"spec", {{"containers", {{{"name", "main"}, {"image", c.images().second}}}}}}}}}}}));
  const std::string new_revision = text_at(c.await(sets, "phased", "the update revision", [&](const Json* set) {
    return set != nullptr && text_at(*set, "/status/updateRevision") != old_revision;
  }), "/status/updateRevision");
  // The pods from `partition` on have the new revision and image, those below the old ones.
  const auto expect_split = [&](int partition) {
    c.await_all(c.pods(), {{"labelSelector", "app=phased"}}, "pods from ordinal " + std::to_string(partition) + " on to be new, the others old", [&](const Cluster::Objects& pods) {
      if (pods.size() != 3) return false;
      for (int i = 0; i < 3; ++i) {
        const auto pod = pods.find("phased-" + std::to_string(i));
        if (pod == pods.end() || !has_condition(pod->second, "Ready") || pod->second["metadata"].contains("deletionTimestamp")) return false;
        if (text_at(pod->second, "/metadata/labels/controller-revision-hash") != (i < partition ? old_revision : new_revision)) return false;
        if (text_at(pod->second, "/spec/containers/0/image") != (i < partition ? c.images().first : c.images().second)) return false;
      }
      return true;
    }, timeouts::rollout);
  };
  const auto replace = [&](const std::string& pod) {
    const std::string uid = text_at(c.must(c.client().get(c.pods(), pod)), "/metadata/uid");
    c.must(c.client().remove(c.pods(), pod));
    c.await(c.pods(), pod, "another pod of that name", [&](const Json* object) { return object != nullptr && text_at(*object, "/metadata/uid") != uid; }, timeouts::pod_gone);
  };
  c.consistently("a partition beyond all ordinals keeps all pods", [&] {
    const Json set = c.must(c.client().get(sets, "phased"));
    return int_at(set, "/status/readyReplicas") == 3 && int_at(set, "/status/updatedReplicas") == 0;
  });
  set_partition(2);
  expect_split(2);
  replace("phased-0");
  replace("phased-2");
  expect_split(2);
  set_partition(1);
  expect_split(1);
  EXPECT_EQ(text_at(c.must(c.client().get(sets, "phased")), "/status/currentRevision"), old_revision) << "the update is not over";
  set_partition(0);
  expect_split(0);
  c.await(sets, "phased", "the update to be over", [&](const Json* set) { return set != nullptr && text_at(*set, "/status/currentRevision") == new_revision; });
}
