#include "reference/controllers/cronjob/due.h"

#include <algorithm>

namespace plumb::controllers::cronjob {

namespace {

using std::chrono::seconds;

constexpr Duration margin = std::chrono::milliseconds(100);  // for clocks that are not quite together

// Times before that one cannot be started any more, or have been.
WallTime counted_from(const batchv1::CronJob& cron_job, WallTime now, bool within_deadline) {
  const api::Time& last = cron_job.status.lastScheduleTime;
  const WallTime since = last ? last.wall() : cron_job.metadata.creationTimestamp.wall();
  const auto& deadline = cron_job.spec.startingDeadlineSeconds;
  if (!within_deadline || !deadline) return since;
  const std::int64_t longest = std::chrono::floor<seconds>(now.time_since_epoch()).count();
  return std::max(since, now - seconds(std::min(*deadline, longest)));
}

}  // namespace

Result<resources::TimeZone> zone_of(const batchv1::CronJob& cron_job) {
  if (!cron_job.spec.timeZone) return resources::TimeZone::local();
  return resources::TimeZone::load(*cron_job.spec.timeZone);
}

Result<resources::Schedule> schedule_of(const batchv1::CronJob& cron_job) {
  auto zone = zone_of(cron_job);
  return resources::Schedule::parse(cron_job.spec.schedule, zone.ok() ? std::move(*zone) : resources::TimeZone::local());
}

Result<Due> find_due(const batchv1::CronJob& cron_job, const resources::Schedule& schedule, WallTime now, bool within_deadline) {
  Due due{counted_from(cron_job, now, within_deadline), std::nullopt, 0};
  const auto first = schedule.next(due.since);
  if (first && now < *first) return due;
  const auto second = first ? schedule.next(*first) : std::nullopt;
  if (!second) return fail(Code::invalid_argument, "time difference between two schedules is less than 1 second");
  if (now < *second) {
    due.time = first;
    return due;
  }
  // Years may have passed: leap to about two intervals before now instead of counting through.
  const auto interval = std::chrono::round<seconds>(*second - *first), elapsed = std::chrono::duration_cast<seconds>(now - *first);
  due.missed = elapsed / interval + 1;
  for (auto time = schedule.next(*first + interval * (due.missed - 2)); time && *time <= now; time = schedule.next(*time)) due.time = time;
  return due;
}

std::optional<Duration> until_next(const batchv1::CronJob& cron_job, const resources::Schedule& schedule, WallTime now) {
  const auto due = find_due(cron_job, schedule, now, false);
  const WallTime from = !due.ok() ? now : due->time ? *due->time : due->missed > 0 ? now : due->since;
  const auto next = schedule.next(from);
  return next ? std::optional(*next + margin - now) : std::nullopt;
}

}  // namespace plumb::controllers::cronjob
