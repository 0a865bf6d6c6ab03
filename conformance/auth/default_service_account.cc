#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(auth, default_service_account,
                  {.requirement = "Every namespace MUST get a default service account, made again when deleted, and a pod that names none MUST run under it with a token "
                                  "volume mounted unless it opts out.",
                   .needs = {"controllers"}}) {
  using namespace plumb::harness;
  const Resource accounts = c.in("v1", "serviceaccounts");
  const Json first = c.await(accounts, "default", "the default service account", [](const Json* account) { return account != nullptr; });
  c.must(c.client().remove(accounts, "default"));
  c.await(accounts, "default", "the deleted account to come back", [&](const Json* account) {
    return account != nullptr && text_at(*account, "/metadata/uid") != text_at(first, "/metadata/uid") && text_at(*account, "/metadata/deletionTimestamp").empty();
  });
  const auto mounts = [](const Json& pod) {
    int count = 0;
    for (const Json& mount : at(pod, "/spec/containers/0/volumeMounts", Json::array())) {
      count += text_at(mount, "/mountPath") == "/var/run/secrets/kubernetes.io/serviceaccount" ? 1 : 0;
    }
    return count;
  };
  Json plain;
  c.eventually("a pod to be admitted under the default account", [&] {
    auto made = c.client().create(c.in("v1", "pods"), c.object("plain"));
    if (made.ok()) plain = *made;
    return made.ok();
  });
  EXPECT_EQ(text_at(plain, "/spec/serviceAccountName"), "default");
  EXPECT_EQ(mounts(plain), 1);
  const Json without = c.apply("without");
  EXPECT_EQ(text_at(without, "/spec/serviceAccountName"), "default");
  EXPECT_EQ(mounts(without), 0);
  Json unknown = c.object("without");
  unknown["metadata"]["name"] = "unknown";
  unknown["spec"]["serviceAccountName"] = "nobody";
  c.refused(c.client().create(c.in("v1", "pods"), unknown), 403, "Forbidden");
}
