#include <gtest/gtest.h>

#include "conformance/storage/volume_objects.h"
#include "harness/runner/expect.h"
#include "harness/runner/needs.h"

PLUMB_CONFORMANCE(storage, claim_data,
                  {.requirement = "A pod MUST get the volume that its claim is bound to, read-only where it says so; what a pod wrote MUST be there for the next pod; a pod "
                                  "whose claim is not bound MUST wait and say why in an event.",
                   .covers = {},
                   .needs = {"image", "controllers"}}) {
  using namespace plumb::harness;
  const std::string node = c.must(usable_nodes(c.client())).back();
  c.create({{"apiVersion", "v1"}, {"kind", "PersistentVolumeClaim"}, {"metadata", {{"name", "unbound"}}},
            {"spec", {{"accessModes", {"ReadWriteOnce"}}, {"storageClassName", c.unique("none")}, {"resources", {{"requests", {{"storage", "1Gi"}}}}}}}});
  c.apply("waiting", {{"NODE", node}});
  c.create(volume_object(c, "data", "1Gi", {{"hostPath", {{"type", "DirectoryOrCreate"}}}}));
  c.create(claim_object(c, "data", "1Gi"));
  await_bound(c, "data", "data");

  c.start("first", {{"NODE", node}});
  c.output("first", {"write", "/data/file", "kept"});
  EXPECT_EQ(c.output("first", {"cat", "/again/file"}), "kept");
  EXPECT_NE(c.exec("first", {"write", "/again/file", "changed"}).exit_code, 0) << "a read-only mount was written";
  c.must(c.client().remove(c.pods(), "first"));
  c.await_gone(c.pods(), "first", timeouts::pod_gone);

  c.start("second", {{"NODE", node}});
  EXPECT_EQ(c.output("second", {"cat", "/data/file"}), "kept");
  c.output("second", {"remove", "/data/file"});

  c.eventually("an event that says why the pod with the unbound claim waits", [&] {
    const Json events = c.must(c.client().list(c.in("v1", "events"), {{"fieldSelector", "involvedObject.name=waiting,reason=FailedMount"}}));
    for (const Json& event : at(events, "/items"))
      if (has(text_at(event, "/message"), "unmounted volumes=[data]") && has(text_at(event, "/message"), "is not bound")) return true;
    return false;
  }, timeouts::pod_runs);
  EXPECT_EQ(text_at(c.must(c.client().get(c.pods(), "waiting")), "/status/phase"), "Pending");
}
