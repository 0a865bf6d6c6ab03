#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, cronjob_suspend,
                  {.requirement = "A suspended CronJob MUST NOT start jobs, though they are due, and MUST start them once it goes on.",
                   .covers = {"CronJob Suspend"},
                   .needs = {"controllers", "resource:batch/v1/cronjobs"}}) {
  using namespace plumb::harness;
  const Resource cron_jobs = c.in("batch/v1", "cronjobs"), jobs = c.in("batch/v1", "jobs");
  c.apply("paused");
  // A start long ago makes one due now.
  const Json last = {{"status", {{"lastScheduleTime", "2024-01-01T00:00:00Z"}}}};
  c.must(c.client().patch(cron_jobs, "paused", PatchKind::merge, last, "status"));
  c.consistently("no job starts", [&] { return c.must(c.client().list(jobs))["items"].empty(); });
  EXPECT_TRUE(at(c.must(c.client().get(cron_jobs, "paused")), "/status/active", Json::array()).empty());
  c.must(c.client().patch(cron_jobs, "paused", PatchKind::merge, {{"spec", {{"suspend", false}}}}));
  c.await_all(jobs, {}, "a job", [](const Cluster::Objects& found) { return !found.empty(); }, timeouts::cron_minute);
}
