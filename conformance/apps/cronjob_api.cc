#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, cronjob_api,
                  {.requirement = "CronJobs MUST be created, read, listed, watched, updated, patched, and deleted singly and as a collection; their status MUST be read, updated and patched.",
                   .covers = {"CronJob API Operations"},
                   .needs = {"resource:batch/v1/cronjobs"}}) {
  using namespace plumb::harness;
  const Resource cron_jobs = c.in("batch/v1", "cronjobs");
  const Query ours{{"labelSelector", "suite=api"}};
  const Json first = c.apply("first");
  c.apply("second");
  c.apply("third");
  EXPECT_EQ(text_at(c.must(c.client().get(cron_jobs, "first")), "/spec/schedule"), "0 0 1 1 *");
  EXPECT_EQ(c.must(c.client().list(cron_jobs, ours))["items"].size(), 3u);
  EXPECT_EQ(c.must(c.client().list({"batch/v1", "cronjobs", ""}, {{"labelSelector", "suite=api"}, {"fieldSelector", "metadata.namespace=" + c.space()}}))["items"].size(), 3u);
  const auto watch = c.must(c.client().watch(cron_jobs, {{"labelSelector", "suite=api"}, {"fieldSelector", "metadata.name=first"}, {"resourceVersion", version_of(first)}}));
  const Json patched = c.must(c.client().patch(cron_jobs, "first", PatchKind::merge, {{"metadata", {{"annotations", {{"patched", "true"}}}}}}));
  EXPECT_EQ(text_at(patched, "/metadata/annotations/patched"), "true");
  const auto changed = c.next_event(*watch);
  EXPECT_EQ(changed.type, "MODIFIED");
  EXPECT_EQ(text_at(changed.object, "/metadata/annotations/patched"), "true");
  Json next = c.must(c.client().get(cron_jobs, "first"));
  next["metadata"]["annotations"]["updated"] = "true";
  EXPECT_EQ(text_at(c.must(c.client().update(cron_jobs, next)), "/metadata/annotations/updated"), "true");
  EXPECT_EQ(c.next_event(*watch).type, "MODIFIED");

  const std::string time = "2024-01-02T03:04:05Z", later = "2024-01-03T03:04:05Z";
  c.must(c.client().patch(cron_jobs, "first", PatchKind::merge, {{"status", {{"lastScheduleTime", time}}}}, "status"));
  Json status = c.must(c.client().get(cron_jobs, "first", "status"));
  EXPECT_EQ(text_at(status, "/status/lastScheduleTime"), time);
  status["status"]["lastScheduleTime"] = later;
  EXPECT_EQ(text_at(c.must(c.client().update(cron_jobs, status, "status")), "/status/lastScheduleTime"), later);

  c.must(c.client().remove(cron_jobs, "first"));
  c.await_gone(cron_jobs, "first");
  c.must(c.client().remove_collection(cron_jobs, ours));
  c.await_all(cron_jobs, ours, "the rest to be gone", [](const Cluster::Objects& found) { return found.empty(); });
}
