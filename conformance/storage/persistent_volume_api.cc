#include "conformance/api_operations.h"
#include "conformance/storage/volume_objects.h"

PLUMB_CONFORMANCE(storage, persistent_volume_api,
                  {.requirement = "PersistentVolumes and PersistentVolumeClaims MUST be in discovery and be created, read, listed, watched, updated, patched and deleted, "
                                  "one by one and together, and their status through its subresource; both MUST say a phase.",
                   .covers = {"PersistentVolumes(Claims), lifecycle", "PersistentVolumes(Claims), apply changes to a pv/pvc status"},
                   .needs = {"controllers"}}) {
  using namespace plumb::harness;
  ApiOperations volumes{"", "v1", "persistentvolumes", {}, {{"status", {{"reason", "plumb"}}}}, "/status/reason"};
  const Json condition{{"type", "PlumbTest"}, {"status", "True"}, {"reason", "Patched"}, {"message", "by a test"}};
  ApiOperations claims{"", "v1", "persistentvolumeclaims", {}, {{"status", {{"conditions", Json::array({condition})}}}}, "/status/conditions/0/reason"};
  for (const char* name : {"one", "two", "three"}) {
    volumes.objects.push_back(volume_object(c, name, "1Gi"));
    claims.objects.push_back(claim_object(c, name, "1Gi", {{"storageClassName", c.unique("other")}}));
  }
  expect_api_operations(c, volumes);
  expect_api_operations(c, claims);

  c.create(volume_object(c, "seen", "1Gi"));
  await_phase(c, persistent_volumes, c.unique("seen"), "Available");
  c.create(claim_object(c, "seen", "1Gi", {{"storageClassName", c.unique("other")}}));
  const Json claim = c.must(c.client().get(claims_of(c), "seen", "status"));
  EXPECT_EQ(text_at(claim, "/status/phase"), "Pending");
  EXPECT_EQ(text_at(claim, "/spec/volumeMode"), "Filesystem");
  c.refused(c.client().patch(claims_of(c), "seen", PatchKind::merge, {{"spec", {{"resources", {{"requests", {{"storage", "2Gi"}}}}}}}}), 422, "Invalid");
  c.refused(c.client().patch(persistent_volumes, c.unique("seen"), PatchKind::merge, {{"spec", {{"hostPath", {{"path", "/elsewhere"}}}}}}), 422, "Invalid");
}
