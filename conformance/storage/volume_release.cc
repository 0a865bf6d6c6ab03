#include <gtest/gtest.h>

#include "conformance/storage/volume_objects.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(storage, volume_release,
                  {.requirement = "A bound volume that is deleted MUST stay until its claim is gone; a volume to be retained MUST be Released when its claim goes, still name "
                                  "it and be given to no other, also not to one of the same name.",
                   .covers = {},
                   .needs = {"controllers"}}) {
  using namespace plumb::harness;
  c.create(volume_object(c, "kept", "1Gi"));
  c.create(volume_object(c, "doomed", "1Gi", {{"storageClassName", c.unique("doomed")}}));
  c.create(claim_object(c, "first", "1Gi"));
  c.create(claim_object(c, "holder", "1Gi", {{"storageClassName", c.unique("doomed")}}));
  const std::string uid = text_at(await_bound(c, "first", "kept"), "/metadata/uid");
  EXPECT_TRUE(has(at(await_bound(c, "holder", "doomed"), "/metadata/finalizers"), "kubernetes.io/pvc-protection"));

  c.must(c.client().remove(persistent_volumes, c.unique("doomed")));
  c.consistently("the bound volume to stay", [&] {
    const Json volume = c.must(c.client().get(persistent_volumes, c.unique("doomed")));
    return !text_at(volume, "/metadata/deletionTimestamp").empty() && text_at(volume, "/status/phase") == "Bound";
  });
  c.must(c.client().remove(claims_of(c), "holder"));
  c.await_gone(claims_of(c), "holder", timeouts::pod_gone);
  c.await_gone(persistent_volumes, c.unique("doomed"), timeouts::pod_gone);

  c.must(c.client().remove(claims_of(c), "first"));
  c.await_gone(claims_of(c), "first", timeouts::pod_gone);
  const Json released = await_phase(c, persistent_volumes, c.unique("kept"), "Released");
  EXPECT_EQ(text_at(released, "/spec/claimRef/uid"), uid);
  c.create(claim_object(c, "first", "1Gi"));
  c.consistently("the new claim to stay unbound", [&] { return text_at(c.must(c.client().get(claims_of(c), "first")), "/status/phase") == "Pending"; });
  EXPECT_EQ(text_at(c.must(c.client().get(persistent_volumes, c.unique("kept"))), "/status/phase"), "Released");
}
