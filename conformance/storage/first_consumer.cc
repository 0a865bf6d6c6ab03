#include <gtest/gtest.h>

#include "conformance/storage/volume_objects.h"
#include "harness/runner/expect.h"
#include "harness/runner/needs.h"

PLUMB_CONFORMANCE(storage, first_consumer,
                  {.requirement = "A claim of a class that waits for its first consumer MUST stay Pending until a pod uses it; the pod MUST then go where a volume can be "
                                  "reached, and the claim be bound to that volume; a claim that is deleted MUST stay while the pod is there.",
                   .covers = {},
                   .needs = {"controllers", "nodes>=1"}}) {
  using namespace plumb::harness;
  const std::string node = c.must(usable_nodes(c.client())).back();
  const std::string host = text_at(c.must(c.client().get({"v1", "nodes", ""}, node)), "/metadata/labels/kubernetes.io~1hostname");
  c.create({{"apiVersion", "storage.k8s.io/v1"}, {"kind", "StorageClass"}, {"metadata", {{"name", c.unique("class")}}},
            {"provisioner", "kubernetes.io/no-provisioner"}, {"volumeBindingMode", "WaitForFirstConsumer"}});
  const auto local = [&](const std::string& name, const std::string& on) {
    const Json by_host{{"key", "kubernetes.io/hostname"}, {"operator", "In"}, {"values", {on}}};
    c.create(volume_object(c, name, "1Gi", {{"hostPath", nullptr}, {"local", {{"path", "/tmp"}}},
                                            {"nodeAffinity", {{"required", {{"nodeSelectorTerms", {{{"matchExpressions", {by_host}}}}}}}}}}));
  };
  local("nowhere", "plumb-no-such-node");
  c.create(claim_object(c, "data", "1Gi"));
  c.consistently("the claim to wait", [&] { return text_at(c.must(c.client().get(claims_of(c), "data")), "/status/phase") == "Pending"; });

  c.create({{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"name", "user"}}},
            {"spec", {{"terminationGracePeriodSeconds", 0},
                      {"containers", {{{"name", "c"}, {"image", "plumb.invalid/never:1"}, {"imagePullPolicy", "Never"}, {"volumeMounts", {{{"name", "data"}, {"mountPath", "/data"}}}}}}},
                      {"volumes", {{{"name", "data"}, {"persistentVolumeClaim", {{"claimName", "data"}}}}}}}}});
  c.await(c.pods(), "user", "the scheduler to refuse the pod", [](const Json* pod) { return pod != nullptr && has_condition(*pod, "PodScheduled", "False"); });
  local("here", host);
  c.await(c.pods(), "user", "the pod to be scheduled", [](const Json* pod) { return pod != nullptr && has_condition(*pod, "PodScheduled"); }, timeouts::pod_gone);
  EXPECT_EQ(text_at(c.must(c.client().get(c.pods(), "user")), "/spec/nodeName"), node);
  await_bound(c, "data", "here");

  c.must(c.client().remove(claims_of(c), "data"));
  c.consistently("the claim in use to stay", [&] { return !text_at(c.must(c.client().get(claims_of(c), "data")), "/metadata/deletionTimestamp").empty(); });
  c.must(c.client().remove(c.pods(), "user"));
  c.await_gone(c.pods(), "user", timeouts::pod_gone);
  c.await_gone(claims_of(c), "data", timeouts::pod_gone);
}
