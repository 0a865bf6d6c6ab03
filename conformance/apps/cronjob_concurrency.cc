#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, cronjob_concurrency,
                  {.requirement = "A CronJob whose job still runs at the next time MUST start another beside it with Allow, none with Forbid, and one in its place with Replace.",
                   .covers = {"CronJob AllowConcurrent", "CronJob ForbidConcurrent", "CronJob ReplaceConcurrent"},
                   .needs = {"controllers", "resource:batch/v1/cronjobs"}}) {
  using namespace plumb::harness;
  const Resource cron_jobs = c.in("batch/v1", "cronjobs"), jobs = c.in("batch/v1", "jobs");
  const std::vector<std::string> policies = {"Allow", "Forbid", "Replace"};
  const auto name = [](const std::string& policy) { return policy == "Allow" ? "allow" : policy == "Forbid" ? "forbid" : "replace"; };
  const auto jobs_of = [&](const std::string& policy) { return Query{{"labelSelector", std::string("of=") + name(policy)}}; };
  std::map<std::string, std::string> first;
  for (const std::string& policy : policies) {
    Json made = c.object("minutely", {{"name", name(policy)}, {"policy", policy}});
    made["metadata"]["name"] = name(policy);
    c.create(made);
  }
  for (const std::string& policy : policies) {
    c.await_all(jobs, jobs_of(policy), "the first job of " + policy, [&](const Cluster::Objects& found) {
      if (!found.empty()) first[policy] = found.begin()->first;
      return !found.empty();
    }, timeouts::cron_minute);
  }
  c.await_all(jobs, jobs_of("Allow"), "two jobs side by side", [&](const Cluster::Objects& found) { return found.size() >= 2 && found.contains(first["Allow"]); },
              timeouts::cron_minute);
  c.await_all(jobs, jobs_of("Replace"), "another job in place of the first",
              [&](const Cluster::Objects& found) { return found.size() == 1 && !found.contains(first["Replace"]); }, timeouts::cron_minute);
  c.await(cron_jobs, "allow", "both to be listed as active", [](const Json* object) { return object != nullptr && at(*object, "/status/active", Json::array()).size() >= 2; });
  c.consistently("Forbid keeps to its first job", [&] {
    const Json found = c.must(c.client().list(jobs, jobs_of("Forbid")));
    return found["items"].size() == 1 && name_of(found["items"][0]) == first["Forbid"];
  });
  EXPECT_EQ(at(c.must(c.client().get(cron_jobs, "forbid")), "/status/active", Json::array()).size(), 1u);
  EXPECT_EQ(at(c.must(c.client().get(cron_jobs, "replace")), "/status/active", Json::array()).size(), 1u);
}
