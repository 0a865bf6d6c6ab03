// One pass over one cron job: forget jobs that have ended, delete old ones, start the one that is due.
#pragma once

#include <memory>
#include <vector>

#include "reference/api/types/batchv1.h"
#include "reference/controllers/framework/own_writes.h"

namespace plumb::controllers::cronjob {

using CronJobPtr = std::shared_ptr<const batchv1::CronJob>;
using JobPtr = std::shared_ptr<const batchv1::Job>;

// `jobs`: all that the cron job controls. `writes` is told of each status written; nothing is read from it.
Plan decide(const CronJobPtr& cron_job, std::vector<JobPtr> jobs, const std::shared_ptr<OwnWrites>& writes, const Now& now);

}  // namespace plumb::controllers::cronjob
