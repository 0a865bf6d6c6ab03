#include "reference/controllers/cronjob/decide.h"

#include <algorithm>

#include "reference/controllers/cronjob/start.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::cronjob {

namespace {

using informer::event_normal;
using informer::event_warning;

bool is_older(const JobPtr& a, const JobPtr& b) {
  const api::Time &left = a->status.startTime, &right = b->status.startTime;
  if (left.set != right.set) return left.set;
  return left == right ? a->metadata.name.view() < b->metadata.name.view() : left < right;
}

// Finished jobs beyond what the history keeps, the oldest first.
std::vector<JobPtr> superfluous(const Pass& pass, std::string_view condition, const api::Opt<std::int32_t>& limit) {
  std::vector<JobPtr> jobs;
  for (const JobPtr& job : pass.jobs)
    if (const auto* finished = finished_condition(*job); finished && finished->type == condition) jobs.push_back(job);
  const std::size_t kept = limit ? static_cast<std::size_t>(std::max(*limit, 0)) : jobs.size();
  std::sort(jobs.begin(), jobs.end(), is_older);
  jobs.resize(jobs.size() - std::min(kept, jobs.size()));
  return jobs;
}

std::vector<JobPtr> superfluous(const Pass& pass) {
  const auto& spec = pass.cron_job->spec;
  std::vector<JobPtr> jobs = superfluous(pass, batchv1::JobComplete, spec.successfulJobsHistoryLimit);
  for (JobPtr& job : superfluous(pass, batchv1::JobFailed, spec.failedJobsHistoryLimit)) jobs.push_back(std::move(job));
  return jobs;
}

// Active by the status, and not in the cache: gone, or too new.
std::vector<corev1::ObjectReference> unseen(const Pass& pass) {
  std::vector<corev1::ObjectReference> found;
  for (const corev1::ObjectReference& active : pass.cron_job->status.active) {
    const auto is_it = [&](const JobPtr& job) { return job->metadata.uid == active.uid; };
    if (std::none_of(pass.jobs.begin(), pass.jobs.end(), is_it)) found.push_back(active);
  }
  return found;
}

void note_jobs(Pass& pass, Plan& plan) {
  api::Time& last_success = pass.next->status.lastSuccessfulTime;
  for (const JobPtr& job : pass.jobs) {
    const batchv1::JobCondition* finished = finished_condition(*job);
    const std::string name = job->metadata.name.str();
    const bool active = is_active(pass, job->metadata.uid);
    if (!active && !finished)
      plan.record(pass.cron_job, event_warning, "UnexpectedJob", "Saw a job that the controller did not create or forgot: " + name);
    if (active && finished) {
      drop_active(pass, job->metadata.uid);
      plan.record(pass.cron_job, event_normal, "SawCompletedJob", "Saw completed job: " + name + ", condition: " + finished->type.str());
    }
    const api::Time& completed = job->status.completionTime;
    if (finished && finished->type == batchv1::JobComplete && completed && (!last_success || last_success < completed)) last_success = completed;
  }
}

}  // namespace

const batchv1::JobCondition* finished_condition(const batchv1::Job& job) {
  for (const batchv1::JobCondition& condition : job.status.conditions)
    if ((condition.type == batchv1::JobComplete || condition.type == batchv1::JobFailed) && condition.status == corev1::ConditionTrue) return &condition;
  return nullptr;
}

bool is_active(const Pass& pass, std::string_view uid) {
  const auto& active = pass.next->status.active;
  return std::any_of(active.begin(), active.end(), [&](const corev1::ObjectReference& one) { return one.uid == uid; });
}

void drop_active(Pass& pass, std::string_view uid) {
  pass.next->status.active.erase_if([&](const corev1::ObjectReference& one) { return one.uid == uid; });
}

Action delete_job(const Pass& pass, std::string_view namespace_, std::string_view name, const api::Str& uid) {
  metav1::DeleteOptions options;
  options.preconditions.ensure().uid = api::Opt<api::Str>(uid);
  options.propagationPolicy = api::Opt<api::Str>(metav1::DeletePropagationBackground);
  Action action;
  action.request = informer::remove_request(informer::resource_of<batchv1::Job>(), namespace_, name, options);
  action.on_success = Event{pass.cron_job, event_normal, "SuccessfulDelete", "Deleted job " + std::string(name)};
  action.on_failure = Event{pass.cron_job, event_warning, "FailedDelete", "Deleted job: {}"};
  action.accept = {"NotFound"};
  return action;
}

Plan write_status(const PassPtr& pass, std::optional<Error> retry) {
  Plan plan;
  plan.retry = std::move(retry);
  if (pass->next->status == pass->cron_job->status) return plan;
  plan.act(informer::update_status_request(api::clone(*pass->next)));
  plan.then = [pass](const Outcome& outcome) {
    Plan after;
    after.retry = outcome.failure;
    if (!outcome.failure) pass->writes->wrote(informer::object_key(*pass->cron_job), **outcome.answers.front().object, pass->now);
    return after;
  };
  return plan;
}

Plan decide(const CronJobPtr& cron_job, std::vector<JobPtr> jobs, const std::shared_ptr<OwnWrites>& writes, const Now& now) {
  const auto pass = std::make_shared<Pass>();
  *pass = {cron_job, std::static_pointer_cast<batchv1::CronJob>(api::clone(*cron_job)), std::move(jobs), now, writes};
  Plan plan;
  const std::vector<JobPtr> old = superfluous(*pass);
  const std::vector<corev1::ObjectReference> sought = unseen(*pass);
  Stage& stage = plan.stage();
  for (const JobPtr& job : old) stage.actions.push_back(delete_job(*pass, job->metadata.namespace_, job->metadata.name, job->metadata.uid));
  for (const corev1::ObjectReference& reference : sought) {
    Action& action = stage.actions.emplace_back();
    action.request = informer::get_request(informer::resource_of<batchv1::Job>(), reference.namespace_, reference.name);
    action.accept = {"NotFound"};
  }
  plan.then = [pass, old, sought](const Outcome& outcome) {
    for (std::size_t i = 0; i < old.size(); ++i)
      if (outcome.answers[i].object.ok()) drop_active(*pass, old[i]->metadata.uid);
    Plan noted;
    note_jobs(*pass, noted);
    for (std::size_t i = 0; i < sought.size(); ++i) {
      const auto& answer = outcome.answers[old.size() + i].object;
      const bool missing = answer.ok() ? (*answer)->metadata.uid != sought[i].uid : informer::is_not_found(answer.error());
      if (!answer.ok() && !missing) return write_status(pass, answer.error());
      if (!missing) continue;
      drop_active(*pass, sought[i].uid);
      noted.record(pass->cron_job, event_normal, "MissingJob", "Active job went missing: " + sought[i].name.str());
    }
    Plan after = start(pass);
    after.events.insert(after.events.begin(), noted.events.begin(), noted.events.end());
    return after;
  };
  return plan;
}

}  // namespace plumb::controllers::cronjob
