#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, quota_status,
                  {.requirement = "The limits that a ResourceQuota reports MUST be updated and patched through the status subresource without a "
                                  "change of the spec, and MUST come to equal those of the spec, also when these are patched.",
                   .covers = {"ResourceQuota, apply changes to a ResourceQuota status"},
                   .needs = {"controllers"}}) {
  using namespace plumb::harness;
  const Resource quotas = c.in("v1", "resourcequotas");
  c.apply("reported");
  const auto await_hard = [&](const Json& expected) {
    const Json seen = c.await(quotas, "reported", "its reported limits to be " + expected.dump(),
                              [&](const Json* quota) { return quota != nullptr && at(*quota, "/status/hard") == expected; });
    EXPECT_EQ(at(seen, "/spec/hard"), expected);
  };
  await_hard({{"cpu", "500m"}, {"memory", "500Mi"}});

  const Json written{{"cpu", "2"}, {"memory", "1Gi"}};
  const auto expect_written = [&](const Json& answer, const Json& spec) {
    EXPECT_EQ(at(answer, "/status/hard"), written);
    EXPECT_EQ(at(answer, "/spec/hard"), spec);
  };
  Json updated;
  c.eventually("an update of the status", [&] {
    Json now = c.must(c.client().get(quotas, "reported", "status"));
    now["status"]["hard"] = written;
    now["spec"]["hard"] = {{"cpu", "9"}};
    const auto answer = c.client().update(quotas, now, "status");
    if (answer.ok()) updated = *answer;
    return answer.ok();
  });
  expect_written(updated, {{"cpu", "500m"}, {"memory", "500Mi"}});

  const Json wider{{"cpu", "1"}, {"memory", "1Gi"}};
  c.must(c.client().patch(quotas, "reported", PatchKind::strategic, {{"spec", {{"hard", wider}}}}));
  await_hard(wider);
  EXPECT_EQ(at(c.must(c.client().get(quotas, "reported", "status")), "/status/hard"), wider);
  expect_written(c.must(c.client().patch(quotas, "reported", PatchKind::strategic, {{"status", {{"hard", written}}}}, "status")), wider);
  const Json both = Json::array({{{"op", "replace"}, {"path", "/spec/hard"}, {"value", {{"cpu", "7"}}}},
                                 {{"op", "replace"}, {"path", "/status/hard"}, {"value", written}}});
  expect_written(c.must(c.client().patch(quotas, "reported", PatchKind::json, both, "status")), wider);
}
