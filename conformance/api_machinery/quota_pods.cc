#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

namespace {

using namespace plumb::harness;

void await_used(Cluster& c, const Json& expected) {
  c.await(c.in("v1", "resourcequotas"), "limited", "its used amounts to be " + expected.dump(), [&](const Json* quota) {
    return quota != nullptr && at(*quota, "/status/used") == expected;
  });
}

}  // namespace

PLUMB_CONFORMANCE(api_machinery, quota_pods,
                  {.requirement = "A ResourceQuota MUST charge a pod for its number and for the cpu, memory, ephemeral storage and extended "
                                  "resources that it requests, MUST refuse one that asks for more than is left, and MUST get back everything when "
                                  "the pod is deleted; a pod MUST NOT change its requests by an ordinary update.",
                   .covers = {"ResourceQuota, object count quota, pod"},
                   .needs = {"controllers"}}) {
  c.apply("limited");
  const Json none{{"pods", "0"}, {"cpu", "0"}, {"memory", "0"}, {"requests.ephemeral-storage", "0"}, {"requests.example.com/dongle", "0"}};
  await_used(c, none);
  c.apply("charged");
  const Json charged{{"pods", "1"}, {"cpu", "500m"}, {"memory", "252Mi"}, {"requests.ephemeral-storage", "30Gi"}, {"requests.example.com/dongle", "2"}};
  await_used(c, charged);

  const auto refused = [&](const char* resource, const char* amount) {
    Json greedy = c.object("charged");
    greedy["metadata"]["name"] = "greedy";
    for (const char* part : {"requests", "limits"}) {
      Json& amounts = greedy["spec"]["containers"][0]["resources"][part];
      amounts = {{"cpu", "1m"}, {"memory", "1Mi"}, {"ephemeral-storage", "1Mi"}};
      amounts[resource] = amount;
    }
    const auto error = c.refused(c.client().create(c.pods(), greedy), 403, "Forbidden");
    EXPECT_TRUE(has(error.message, "limited"));
  };
  refused("cpu", "600m");
  refused("memory", "300Mi");
  refused("ephemeral-storage", "25Gi");
  refused("example.com/dongle", "2");

  c.refused(c.client().patch(c.pods(), "charged", PatchKind::strategic,
                             {{"spec", {{"containers", {{{"name", "main"}, {"resources", {{"requests", {{"cpu", "100m"}}}}}}}}}}}),
            422, "Invalid");
  await_used(c, charged);
  c.must(c.client().remove(c.pods(), "charged", {{"gracePeriodSeconds", 0}}));
  c.await_gone(c.pods(), "charged", timeouts::pod_gone);
  await_used(c, none);
}
