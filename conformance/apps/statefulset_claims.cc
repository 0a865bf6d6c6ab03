#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, statefulset_claims,
                  {.requirement = "A StatefulSet MUST make a claim of each claim template for each pod, give the pod a volume of it, and let the claim go with the pod or the set "
                                  "as its retention policy says.",
                   .needs = {"controllers", "resource:apps/v1/statefulsets", "version>=1.32"}}) {
  using namespace plumb::harness;
  const Resource sets = c.in("apps/v1", "statefulsets"), claims = c.in("v1", "persistentvolumeclaims");
  const std::string uid = text_at(c.apply("claiming"), "/metadata/uid");
  for (const char* ordinal : {"0", "1"}) {
    const std::string name = std::string("data-claiming-") + ordinal;
    const Json pod = c.await(c.pods(), std::string("claiming-") + ordinal, "the pod", [](const Json* object) { return object != nullptr; });
    std::string claimed;
    for (const Json& volume : at(pod, "/spec/volumes", Json::array()))
      if (text_at(volume, "/name") == "data") claimed = text_at(volume, "/persistentVolumeClaim/claimName");
    EXPECT_EQ(claimed, name);
    EXPECT_EQ(text_at(pod, "/metadata/labels/apps.kubernetes.io~1pod-index"), ordinal);
    const Json claim = c.await(claims, name, "the set to own the claim", [&](const Json* object) {
      return object != nullptr && text_at(*object, "/metadata/ownerReferences/0/uid") == uid;
    });
    EXPECT_EQ(text_at(claim, "/metadata/labels/app"), "claiming");
    EXPECT_EQ(text_at(claim, "/spec/resources/requests/storage"), "1Mi");
  }
  c.must(c.client().patch(sets, "claiming", PatchKind::merge, {{"spec", {{"replicas", 1}}}}, "scale"));
  c.await_gone(claims, "data-claiming-1", timeouts::pod_gone);
  EXPECT_FALSE(c.must(c.client().get(claims, "data-claiming-0"))["metadata"].contains("deletionTimestamp"));
  c.must(c.client().remove(sets, "claiming"));
  c.await_gone(claims, "data-claiming-0", timeouts::pod_gone);
}
