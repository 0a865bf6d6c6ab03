// The second half of a pass over a cron job: whether a job is due, and what to do about the ones that run still.
#pragma once

#include "reference/controllers/cronjob/decide.h"

namespace plumb::controllers::cronjob {

struct Pass {
  CronJobPtr cron_job;                     // as it was
  std::shared_ptr<batchv1::CronJob> next;  // with the status that it is to get
  std::vector<JobPtr> jobs;
  Now now;
  std::shared_ptr<OwnWrites> writes;
};
using PassPtr = std::shared_ptr<Pass>;

// The condition that ended the job; nullptr while it runs.
const batchv1::JobCondition* finished_condition(const batchv1::Job& job);
bool is_active(const Pass& pass, std::string_view uid);
void drop_active(Pass& pass, std::string_view uid);
Action delete_job(const Pass& pass, std::string_view namespace_, std::string_view name, const api::Str& uid);
// Ends the pass; `retry`: what went wrong in it.
Plan write_status(const PassPtr& pass, std::optional<Error> retry = std::nullopt);

Plan start(const PassPtr& pass);

}  // namespace plumb::controllers::cronjob
