// When a cron job has to start a job. Facts from upstream's pkg/controller/cronjob.
#pragma once

#include <memory>
#include <optional>

#include "reference/api/types/batchv1.h"
#include "reference/resources/cronjobs/schedule.h"

namespace plumb::controllers::cronjob {

// The zone and the schedule as the spec has them; without a zone it is the machine's, as upstream's.
Result<resources::TimeZone> zone_of(const batchv1::CronJob& cron_job);
Result<resources::Schedule> schedule_of(const batchv1::CronJob& cron_job);

struct Due {
  WallTime since;                // the last start, or what else times count from
  std::optional<WallTime> time;  // the latest time after that that has come
  std::int64_t missed = 0;       // about how many have come, where it is more than one
};

// `within_deadline`: times that startingDeadlineSeconds gave up long ago do not count. invalid_argument for a schedule that is never due twice.
Result<Due> find_due(const batchv1::CronJob& cron_job, const resources::Schedule& schedule, WallTime now, bool within_deadline);

// Until it is worth looking again, a little after the next time; nullopt when there is none.
std::optional<Duration> until_next(const batchv1::CronJob& cron_job, const resources::Schedule& schedule, WallTime now);

}  // namespace plumb::controllers::cronjob
