#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, statefulset_burst_scaling,
                  {.requirement = "A StatefulSet with pod management Parallel MUST scale up and down to the end even while its pods are not ready.",
                   .covers = {"StatefulSet, Burst Scaling"},
                   .needs = {"image", "resource:apps/v1/statefulsets"}}) {
  using namespace plumb::harness;
  const Resource sets = c.in("apps/v1", "statefulsets");
  const auto scale = [&](int replicas) { c.must(c.client().patch(sets, "burst", PatchKind::merge, {{"spec", {{"replicas", replicas}}}}, "scale")); };
  const auto await_status = [&](std::int64_t replicas, std::int64_t ready) {
    c.await(sets, "burst", std::to_string(replicas) + " pods, " + std::to_string(ready) + " of them ready", [&](const Json* set) {
      return set != nullptr && int_at(*set, "/status/replicas") == replicas && int_at(*set, "/status/readyReplicas") == ready;
    }, timeouts::rollout);
  };
  const auto unready = [&](const std::string& pod) { c.output(pod, {"get", "http://127.0.0.1:8080/readyz?set=false"}); };
  c.apply("burst");
  await_status(1, 1);
  unready("burst-0");
  await_status(1, 0);
  scale(3);
  await_status(3, 2);
  unready("burst-1");
  unready("burst-2");
  await_status(3, 0);
  scale(0);
  await_status(0, 0);
  c.await_all(c.pods(), {{"labelSelector", "app=burst"}}, "no pods", [](const Cluster::Objects& pods) { return pods.empty(); }, timeouts::pod_gone);
}
