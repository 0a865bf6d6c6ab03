#include "reference/controllers/cronjob/start.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "harness/base/metrics.h"
#include "reference/controllers/cronjob/due.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/informer/event_recorder.h"
#include "reference/resources/field_errors.h"

namespace plumb::controllers::cronjob {

namespace {

using informer::event_normal;
using informer::event_warning;
using resources::Schedule;

constexpr std::int64_t many_missed = 100;
constexpr std::string_view scheduled_key = "batch.kubernetes.io/cronjob-scheduled-timestamp";

std::string quoted(std::string_view text) { return resources::FieldErrors::quoted(text); }

// Mon, 02 Jan 2006 15:04:05 +0000
std::string rfc1123(WallTime time) {
  static constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const resources::CivilTime shown = resources::TimeZone::utc().civil(time);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04lld %02d:%02d:%02d +0000", days[static_cast<std::size_t>(shown.weekday)], shown.day,
                months[static_cast<std::size_t>(shown.month - 1)], static_cast<long long>(shown.year), shown.hour, shown.minute, shown.second);
  return text.data();
}

// One name for one time, so that a job is never made twice.
std::string job_name(const batchv1::CronJob& cron_job, WallTime time) {
  return cron_job.metadata.name.str() + "-" + std::to_string(std::chrono::floor<std::chrono::minutes>(time.time_since_epoch()).count());
}

std::shared_ptr<batchv1::Job> new_job(const batchv1::CronJob& cron_job, WallTime time) {
  const batchv1::JobTemplateSpec& job_template = cron_job.spec.jobTemplate;
  const auto zone = cron_job.spec.timeZone ? zone_of(cron_job) : Result<resources::TimeZone>(resources::TimeZone::utc());
  auto job = std::make_shared<batchv1::Job>();
  job->metadata.namespace_ = cron_job.metadata.namespace_;
  job->metadata.name = job_name(cron_job, time);
  job->metadata.labels = job_template.metadata.labels;
  job->metadata.annotations = job_template.metadata.annotations;
  job->metadata.annotations.set(scheduled_key, api::Str((zone.ok() ? *zone : resources::TimeZone::utc()).format(time)));
  job->metadata.ownerReferences.push_back(controller_reference(cron_job));
  job->spec = job_template.spec;
  return job;
}

void note_skew(Duration late) {
  static metrics::Histogram skew =
      metrics::histogram("cronjob_controller_job_creation_skew_duration_seconds",
                         "Time between when a cronjob is scheduled to be run, and when the corresponding job is created", {1, 2, 4, 8, 16, 32, 64, 128, 256, 512});
  skew.observe(std::chrono::duration<double>(late).count());
}

// Ends the pass until the next time.
Plan wait(const PassPtr& pass, const Schedule& schedule) {
  Plan plan = write_status(pass);
  if (const auto next = until_next(*pass->next, schedule, pass->now.wall)) plan.come_again(*next);
  return plan;
}

Plan note_started(const PassPtr& pass, const Schedule& schedule, WallTime time, const api::Object& job) {
  pass->next->status.active.push_back(informer::reference_to(job));
  pass->next->status.lastScheduleTime = api::Time::from(time);
  return wait(pass, schedule);
}

// A job of that name is there: ours, where an earlier pass could not write that down; else somebody else's, who cares for it.
Plan take_existing(const PassPtr& pass, const Schedule& schedule, WallTime time) {
  Plan plan;
  plan.act(informer::get_request(informer::resource_of<batchv1::Job>(), pass->cron_job->metadata.namespace_, job_name(*pass->cron_job, time)));
  plan.then = [=](const Outcome& outcome) {
    if (outcome.failure) return write_status(pass, outcome.failure);
    const ObjectPtr& job = *outcome.answers.front().object;
    const metav1::OwnerReference* owner = informer::controller_ref(*job);
    const bool ours = owner && owner->uid == pass->cron_job->metadata.uid;
    if (!ours || is_active(*pass, job->metadata.uid)) return wait(pass, schedule);
    return note_started(pass, schedule, time, *job);
  };
  return plan;
}

Plan create(const PassPtr& pass, const Schedule& schedule, WallTime time) {
  Plan plan;
  plan.act(informer::create_request(new_job(*pass->cron_job, time)));
  plan.then = [=](const Outcome& outcome) {
    const Answer& answer = outcome.answers.front();
    if (answer.object.ok()) {
      note_skew((*answer.object)->metadata.creationTimestamp.wall() - time);
      Plan after = note_started(pass, schedule, time, **answer.object);
      after.record(pass->cron_job, event_normal, "SuccessfulCreate", "Created job " + (*answer.object)->metadata.name.str());
      return after;
    }
    const Error& error = answer.object.error();
    if (informer::is_already_exists(error)) return take_existing(pass, schedule, time);
    if (!outcome.failure) return write_status(pass);  // the namespace is on its way out
    Plan after = write_status(pass, error);
    after.record(pass->cron_job, event_warning, "FailedCreate", "Error creating job: " + error.message);
    return after;
  };
  return plan;
}

Plan replace(const PassPtr& pass, const Schedule& schedule, WallTime time) {
  const auto running = pass->next->status.active;
  if (running.empty()) return create(pass, schedule, time);
  Plan plan;
  Stage& stage = plan.stage();
  for (const corev1::ObjectReference& job : running) stage.actions.push_back(delete_job(*pass, job.namespace_, job.name, job.uid));
  plan.then = [=](const Outcome& outcome) {
    for (std::size_t i = 0; i < running.size(); ++i) {
      const auto& answer = outcome.answers[i].object;
      if (answer.ok() || informer::is_not_found(answer.error())) drop_active(*pass, running[i].uid);
    }
    return outcome.failure ? write_status(pass, outcome.failure) : create(pass, schedule, time);
  };
  return plan;
}

bool was_started(const Pass& pass, WallTime time) {
  const auto& status = pass.next->status;
  const std::string name = job_name(*pass.cron_job, time);
  if (status.lastScheduleTime && status.lastScheduleTime == api::Time::from(time)) return true;
  return std::any_of(status.active.begin(), status.active.end(), [&](const corev1::ObjectReference& one) { return one.name == name; });
}

// Whether another job than the one of that time runs. Those count, too, that the status does not tell of, as an earlier pass could not write it:
// upstream starts a second one beside them.
bool another_runs(const Pass& pass, WallTime time) {
  const std::string name = job_name(*pass.cron_job, time);
  const auto is_another = [&](const JobPtr& job) { return !finished_condition(*job) && job->metadata.name != name; };
  return !pass.next->status.active.empty() || std::any_of(pass.jobs.begin(), pass.jobs.end(), is_another);
}

Plan start_due(const PassPtr& pass, const Schedule& schedule, WallTime time) {
  const batchv1::CronJobSpec& spec = pass->cron_job->spec;
  const auto skip = [&](std::string_view type, std::string_view reason, std::string message) {
    Plan plan = wait(pass, schedule);
    plan.record(pass->cron_job, type, reason, std::move(message));
    return plan;
  };
  if (spec.startingDeadlineSeconds && pass->now.wall - time > std::chrono::seconds(std::min<std::int64_t>(*spec.startingDeadlineSeconds, INT32_MAX)))
    return skip(event_warning, "MissSchedule", "Missed scheduled time to start a job: " + rfc1123(time));
  if (was_started(*pass, time)) return wait(pass, schedule);
  if (spec.concurrencyPolicy == batchv1::ForbidConcurrent && another_runs(*pass, time))
    return skip(event_normal, "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid");
  return spec.concurrencyPolicy == batchv1::ReplaceConcurrent ? replace(pass, schedule, time) : create(pass, schedule, time);
}

}  // namespace

Plan start(const PassPtr& pass) {
  const batchv1::CronJobSpec& spec = pass->cron_job->spec;
  if (pass->cron_job->metadata.deletionTimestamp) return write_status(pass);
  // What only a change of the spec can mend: nothing is started, and nothing is tried again.
  const auto give_up = [&](std::string_view reason, std::string message) {
    Plan plan = write_status(pass);
    plan.record(pass->cron_job, event_warning, reason, std::move(message));
    return plan;
  };
  if (const auto zone = zone_of(*pass->cron_job); !zone.ok())
    return give_up("UnknownTimeZone", "invalid timeZone: " + quoted(*spec.timeZone) + ": " + zone.error().message);
  if (spec.suspend.value_or(false)) return write_status(pass);
  const auto schedule = schedule_of(*pass->cron_job);
  if (!schedule.ok()) return give_up("UnparseableSchedule", "unparseable schedule: " + quoted(spec.schedule) + " : " + schedule.error().message);
  const auto due = find_due(*pass->cron_job, *schedule, pass->now.wall, true);
  if (!due.ok()) return give_up("InvalidSchedule", "invalid schedule: " + spec.schedule.str() + " : " + due.error().message);
  Plan plan = due->time ? start_due(pass, *schedule, *due->time) : wait(pass, *schedule);
  if (due->time && due->missed > many_missed)
    plan.record(pass->cron_job, event_warning, "TooManyMissedTimes",
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
  if (spec.schedule.view().find("TZ") != std::string_view::npos)
    plan.record(pass->cron_job, event_warning, "UnsupportedSchedule",
                "CRON_TZ or TZ used in schedule " + quoted(spec.schedule) +
                    " is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details");
  return plan;
}

}  // namespace plumb::controllers::cronjob
