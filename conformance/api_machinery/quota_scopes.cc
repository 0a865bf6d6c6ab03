#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, quota_scopes,
                  {.requirement = "A ResourceQuota with a scope MUST charge the pods within that scope, by quality of service or by whether they "
                                  "have an end, and no others, and MUST get back what they used when they are deleted.",
                   .covers = {"ResourceQuota, quota scope, BestEffort and NotBestEffort scope",
                              "ResourceQuota, quota scope, Terminating and NotTerminating scope"},
                   .needs = {"controllers"}}) {
  using namespace plumb::harness;
  const Resource quotas = c.in("v1", "resourcequotas");
  const auto await_used = [&](const std::string& quota, const Json& expected) {
    c.await(quotas, quota, "its used amounts to be " + expected.dump(),
            [&](const Json* object) { return object != nullptr && at(*object, "/status/used") == expected; });
  };
  const auto pods = [](const char* count) { return Json{{"pods", count}}; };
  const auto amounts = [](const char* count, const char* cpu, const char* memory, const char* limit_cpu, const char* limit_memory) {
    return Json{{"pods", count}, {"requests.cpu", cpu}, {"requests.memory", memory}, {"limits.cpu", limit_cpu}, {"limits.memory", limit_memory}};
  };
  const Json none = amounts("0", "0", "0", "0", "0"), one = amounts("1", "500m", "200Mi", "1", "400Mi");
  for (const char* name : {"best-effort", "not-best-effort", "terminating", "not-terminating"}) c.apply(name);
  await_used("best-effort", pods("0"));
  await_used("not-best-effort", pods("0"));
  await_used("terminating", none);
  await_used("not-terminating", none);
  const auto live = [&](const char* name, const std::map<std::string, Json>& charged, const std::map<std::string, Json>& free) {
    c.apply(name);
    for (const auto& [quota, expected] : charged) await_used(quota, expected);
    for (const auto& [quota, expected] : free) EXPECT_EQ(at(c.must(c.client().get(quotas, quota)), "/status/used"), expected) << name << " in " << quota;
    c.must(c.client().remove(c.pods(), name, {{"gracePeriodSeconds", 0}}));
    c.await_gone(c.pods(), name, timeouts::pod_gone);
    for (const auto& [quota, was] : charged) await_used(quota, was.size() == 1 ? pods("0") : none);
  };
  live("burstable", {{"not-best-effort", pods("1")}, {"not-terminating", one}}, {{"best-effort", pods("0")}, {"terminating", none}});
  live("ending", {{"not-best-effort", pods("1")}, {"terminating", one}}, {{"best-effort", pods("0")}, {"not-terminating", none}});
  // Quotas of cpu and memory would refuse a pod that names neither.
  for (const char* name : {"terminating", "not-terminating"}) c.must(c.client().remove(quotas, name));
  live("modest", {{"best-effort", pods("1")}}, {{"not-best-effort", pods("0")}});
}
