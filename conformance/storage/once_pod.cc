#include <gtest/gtest.h>

#include "conformance/storage/volume_objects.h"
#include "harness/runner/expect.h"
#include "harness/runner/needs.h"

PLUMB_CONFORMANCE(storage, once_pod,
                  {.requirement = "A volume of access mode ReadWriteOncePod MUST be given to one pod at a time, also where a second one was put on the node past the scheduler; "
                                  "that one MUST run once the first is gone.",
                   .covers = {},
                   .needs = {"image", "controllers"}}) {
  using namespace plumb::harness;
  const std::string node = c.must(usable_nodes(c.client())).back();
  const Json one_pod{{"accessModes", {"ReadWriteOncePod"}}};
  Json volume = volume_object(c, "data", "1Gi", one_pod);
  volume["spec"]["hostPath"]["type"] = "DirectoryOrCreate";
  c.create(volume);
  c.create(claim_object(c, "data", "1Gi", one_pod));
  await_bound(c, "data", "data");
  c.start("first", {{"NODE", node}});
  c.apply("second", {{"NODE", node}});
  c.eventually("an event that says why the second pod waits", [&] {
    const Json events = c.must(c.client().list(c.in("v1", "events"), {{"fieldSelector", "involvedObject.name=second,reason=FailedMount"}}));
    for (const Json& event : at(events, "/items"))
      if (has(text_at(event, "/message"), "ReadWriteOncePod access mode and is already in use by another pod")) return true;
    return false;
  }, timeouts::pod_runs);
  c.must(c.client().remove(c.pods(), "first"));
  c.await_ready("second");
}
