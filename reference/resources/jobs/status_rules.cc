#include "reference/resources/jobs/status_rules.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "reference/api/codec/json.h"
#include "reference/api/text/time.h"
#include "reference/resources/jobs/index_rules.h"
#include "reference/resources/jobs/job_rules.h"
#include "reference/resources/shared/checks.h"

namespace plumb::resources {
namespace {

const FieldPath status_path("status");

bool has(const batchv1::Job& job, std::string_view type) {
  return std::any_of(job.status.conditions.begin(), job.status.conditions.end(),
                     [&](const batchv1::JobCondition& one) { return one.type == type && one.status == corev1::ConditionTrue; });
}

// A status with what the rules ask of it again and again.
struct View {
  explicit View(const batchv1::Job& job)
      : job(job),
        status(job.status),
        complete(has(job, batchv1::JobComplete)),
        failed(has(job, batchv1::JobFailed)),
        failing(has(job, batchv1::JobFailureTarget)),
        succeeding(has(job, batchv1::JobSuccessCriteriaMet)) {}
  bool finished() const { return complete || failed; }

  const batchv1::Job& job;
  const batchv1::JobStatus& status;
  const bool complete, failed, failing, succeeding;
};

std::string shown(const api::Time& time) { return time ? quoted(api::format_time(time.wall())) : "null"; }

void check_counts(const batchv1::JobStatus& status, FieldErrors& errors) {
  check_nonnegative(status.active, status_path.child("active"), errors);
  check_nonnegative(status.succeeded, status_path.child("succeeded"), errors);
  check_nonnegative(status.failed, status_path.child("failed"), errors);
  if (status.ready) check_nonnegative(*status.ready, status_path.child("ready"), errors);
  if (status.terminating) check_nonnegative(*status.terminating, status_path.child("terminating"), errors);
  if (!status.uncountedTerminatedPods) return;
  std::set<std::string_view> seen;
  const auto each = [&](const api::List<api::Str>& uids, std::string_view name) {
    for (std::size_t i = 0; i < uids.size(); ++i) {
      const FieldPath at = status_path.child("uncountedTerminatedPods").child(name).index(i);
      if (uids[i].empty()) {
        errors.invalid(at, quoted(""), "must not be empty");
      } else if (!seen.insert(uids[i].view()).second) {
        errors.duplicate(at, quoted(uids[i]));
      }
    }
  };
  each(status.uncountedTerminatedPods->succeeded, "succeeded");
  each(status.uncountedTerminatedPods->failed, "failed");
}

void check_conditions(const View& next, const View& previous, FieldErrors& errors) {
  const FieldPath path = status_path.child("conditions");
  const auto refuse = [&](bool broken, std::string_view why) {
    if (broken) errors.invalid(path, why, {});
  };
  const bool complete_changed = next.complete != previous.complete, failed_changed = next.failed != previous.failed,
             failing_changed = next.failing != previous.failing, succeeding_changed = next.succeeding != previous.succeeding;
  if (complete_changed || failed_changed) refuse(next.complete && next.failed, "cannot set Complete=True and Failed=true conditions");
  if (complete_changed || failing_changed) refuse(next.complete && next.failing, "cannot set Complete=True and FailureTarget=true conditions");
  if (failed_changed || failing_changed)
    refuse(next.failed && !next.failing, "cannot set Failed=True condition without the FailureTarget=true condition");
  if (complete_changed || succeeding_changed)
    refuse(next.complete && !next.succeeding, "cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
  refuse(next.succeeding && next.failed, "cannot set SuccessCriteriaMet=True and Failed=true conditions");
  refuse(next.succeeding && next.failing, "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
  refuse(next.job.spec.successPolicy && !next.succeeding && next.complete,
         "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True");
  refuse(previous.failed && !next.failed, "cannot disable the terminal Failed=True condition");
  refuse(previous.complete && !next.complete, "cannot disable the terminal Complete=True condition");
  refuse(previous.failing && !next.failing, "cannot disable the terminal FailureTarget=True condition");
  refuse(previous.succeeding && !next.succeeding, "cannot disable the SuccessCriteriaMet=True condition");
  refuse(previous.complete && !previous.succeeding && next.succeeding, "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions");
}

void check_times(const View& next, const View& previous, FieldErrors& errors) {
  const FieldPath start = status_path.child("startTime"), completion = status_path.child("completionTime");
  const api::Time &started = next.status.startTime, &completed = next.status.completionTime;
  const bool start_changed = !(started == previous.status.startTime), completion_changed = !(completed == previous.status.completionTime);
  if (next.complete != previous.complete || completion_changed) {
    if (completed && !next.complete) errors.invalid(completion, shown(completed), "cannot set completionTime when there is no Complete=True condition");
    if (!completed && next.complete) errors.required(completion, "completionTime is required for Complete jobs");
  }
  if ((start_changed || completion_changed) && started && completed && completed < started)
    errors.invalid(completion, shown(completed), "completionTime cannot be set before startTime");
  if ((next.finished() != previous.finished() || start_changed) && !started && next.finished())
    errors.required(start, "startTime is required for finished job");
  if (completed && previous.status.completionTime && completion_changed)
    errors.invalid(completion, shown(completed), "completionTime cannot be mutated");
  if (previous.status.startTime && start_changed && !next.job.spec.suspend.value_or(false))
    errors.required(start, "startTime cannot be removed for unsuspended job");
}

void check_finished(const View& next, const View& previous, FieldErrors& errors) {
  const auto &now = next.status, &before = previous.status;
  const bool finished_changed = next.finished() != previous.finished();
  if ((finished_changed || now.active != before.active) && now.active > 0 && next.finished())
    errors.invalid(status_path.child("active"), std::to_string(now.active), "active>0 is invalid for finished job");
  const auto& uncounted = now.uncountedTerminatedPods;
  if ((finished_changed || !(uncounted == before.uncountedTerminatedPods)) && next.finished() && uncounted &&
      uncounted->failed.size() + uncounted->succeeded.size() > 0)
    errors.invalid(status_path.child("uncountedTerminatedPods"), api::to_json(*uncounted), "uncountedTerminatedPods needs to be empty for finished job");
  if ((finished_changed || !(now.terminating == before.terminating)) && now.terminating.value_or(0) > 0 && next.finished())
    errors.invalid(status_path.child("terminating"), std::to_string(*now.terminating), "terminating>0 is invalid for finished job");
  if ((!(now.ready == before.ready) || now.active != before.active) && now.ready && *now.ready > now.active)
    errors.invalid(status_path.child("ready"), std::to_string(*now.ready), "cannot set more ready pods than active");
}

void check_index_texts(const View& next, const View& previous, FieldErrors& errors) {
  const batchv1::JobSpec& spec = next.job.spec;
  const auto &now = next.status, &before = previous.status;
  const bool completed_changed = now.completedIndexes != before.completedIndexes, failed_changed = !(now.failedIndexes == before.failedIndexes);
  const FieldPath completed = status_path.child("completedIndexes"), failed = status_path.child("failedIndexes");
  const auto well_formed = [&](const api::Str& text, const FieldPath& path, std::string_view name) {
    const auto checked = check_indexes(text, *spec.completions);
    if (!checked.ok()) errors.invalid(path, quoted(text), "error parsing " + std::string(name) + ": " + checked.error().message);
  };
  if (completed_changed && spec.completions) well_formed(now.completedIndexes, completed, "completedIndexes");
  if (failed_changed && spec.completions && spec.backoffLimitPerIndex && now.failedIndexes) well_formed(*now.failedIndexes, failed, "failedIndexes");
  if (completed_changed && !now.completedIndexes.empty() && !is_indexed(spec))
    errors.invalid(completed, quoted(now.completedIndexes), "cannot set non-empty completedIndexes when non-indexed completion mode");
  if (failed_changed && !spec.backoffLimitPerIndex && now.failedIndexes)
    errors.invalid(failed, quoted(*now.failedIndexes), "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
  if ((completed_changed || failed_changed) && spec.completions && now.failedIndexes) {
    const Status apart = check_no_overlap(now.completedIndexes, *now.failedIndexes, *spec.completions);
    if (!apart.ok()) errors.invalid(failed, quoted(*now.failedIndexes), apart.error().message);
  }
}

void check_counters(const View& next, const View& previous, FieldErrors& errors) {
  const batchv1::JobSpec& spec = next.job.spec;
  if (next.status.failed < previous.status.failed)
    errors.invalid(status_path.child("failed"), std::to_string(next.status.failed), "cannot decrease the failed counter");
  const bool elastic = is_indexed(spec) && spec.completions == spec.parallelism;  // indexes that are cut off no longer count
  if (!elastic && next.status.succeeded < previous.status.succeeded)
    errors.invalid(status_path.child("succeeded"), std::to_string(next.status.succeeded), "cannot decrease the succeeded counter");
}

}  // namespace

void check_job_status(const batchv1::Job& next_job, const batchv1::Job& previous_job, FieldErrors& errors) {
  const View next(next_job), previous(previous_job);
  check_counts(next.status, errors);
  check_conditions(next, previous, errors);
  check_times(next, previous, errors);
  check_finished(next, previous, errors);
  check_index_texts(next, previous, errors);
  check_counters(next, previous, errors);
}

}  // namespace plumb::resources
