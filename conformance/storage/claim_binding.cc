#include <gtest/gtest.h>

#include "conformance/storage/volume_objects.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(storage, claim_binding,
                  {.requirement = "A claim MUST be bound to the smallest Available volume of its class that has its size, access modes, volume mode and labels; a volume that "
                                  "names a claim MUST go to that claim alone, and a claim that names a volume MUST get that one or none.",
                   .covers = {},
                   .needs = {"controllers"}}) {
  using namespace plumb::harness;
  const auto unbound = [&](const std::string& name) {
    c.consistently(name + " to stay unbound", [&] { return text_at(c.must(c.client().get(claims_of(c), name)), "/status/phase") == "Pending"; });
  };
  c.create(volume_object(c, "tiny", "1Mi"));
  c.create(volume_object(c, "large", "10Gi"));
  c.create(volume_object(c, "small", "2Gi"));
  c.create(volume_object(c, "other-class", "1Gi", {{"storageClassName", c.unique("other")}}));
  c.create(volume_object(c, "block", "1Gi", {{"volumeMode", "Block"}}));
  c.create(volume_object(c, "shared", "20Gi", {{"accessModes", {"ReadWriteMany"}}}));
  Json labelled = volume_object(c, "labelled", "30Gi");
  labelled["metadata"]["labels"]["plumb.io/colour"] = "green";
  c.create(labelled);
  for (const char* name : {"tiny", "large", "small", "other-class", "block", "shared", "labelled"}) await_phase(c, persistent_volumes, c.unique(name), "Available");

  c.create(claim_object(c, "plain", "1Gi"));
  const Json bound = await_bound(c, "plain", "small");
  EXPECT_EQ(text_at(bound, "/status/capacity/storage"), "2Gi");
  EXPECT_EQ(at(bound, "/status/accessModes"), Json::array({"ReadWriteOnce"}));
  c.create(claim_object(c, "raw", "1Gi", {{"volumeMode", "Block"}}));
  await_bound(c, "raw", "block");
  c.create(claim_object(c, "many", "1Gi", {{"accessModes", {"ReadWriteMany"}}}));
  await_bound(c, "many", "shared");
  c.create(claim_object(c, "green", "1Gi", {{"selector", {{"matchLabels", {{"plumb.io/colour", "green"}}}}}}));
  await_bound(c, "green", "labelled");
  c.create(claim_object(c, "too-large", "1Ti"));
  unbound("too-large");

  c.create(volume_object(c, "reserved", "1Gi", {{"storageClassName", c.unique("kept")}, {"claimRef", {{"namespace", c.space()}, {"name", "owner"}}}}));
  c.create(claim_object(c, "stranger", "1Gi", {{"storageClassName", c.unique("kept")}}));
  unbound("stranger");
  c.create(claim_object(c, "owner", "1Gi", {{"storageClassName", c.unique("kept")}}));
  await_bound(c, "owner", "reserved");
  c.create(claim_object(c, "picky", "1Gi", {{"volumeName", c.unique("large")}}));
  await_bound(c, "picky", "large");
  c.create(claim_object(c, "late", "1Gi", {{"volumeName", c.unique("reserved")}, {"storageClassName", c.unique("kept")}}));
  unbound("late");
}
