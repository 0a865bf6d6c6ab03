#include "reference/controllers/job/job_metrics.h"

#include "harness/base/metrics.h"
#include "reference/controllers/framework/pods.h"

namespace plumb::controllers::job {

namespace {

std::string mode(const batchv1::Job& job) { return is_indexed(job) ? "Indexed" : "NonIndexed"; }

std::string text(Did did) {
  switch (did) {
    case Did::tracking: return "tracking";
    case Did::created: return "pods_created";
    case Did::deleted: return "pods_deleted";
    case Did::reconciling: break;
  }
  return "reconciling";
}

void add(const std::string& name, const std::string& help, const plumb::metrics::Labels& labels, std::int64_t amount) {
  if (amount > 0) plumb::metrics::counter(name, help, labels).add(static_cast<double>(amount));
}

void note_pods(const batchv1::Job& job, const char* result, std::int64_t amount) {
  add("job_controller_job_pods_finished_total", "The number of finished Pods that are fully tracked", {{"completion_mode", mode(job)}, {"result", result}}, amount);
}

void note_indexes(const batchv1::Job& job, const char* status, std::string_view before, std::string_view after) {
  const std::int32_t completions = job.spec.completions.value_or(0);
  add("job_controller_job_finished_indexes_total",
      "The number of finished indexes. Possible values for the status label are: \"succeeded\", \"failed\". Possible values for the backoffLimit label are: \"perIndex\" and \"global\"",
      {{"status", status}, {"backoffLimit", job.spec.backoffLimitPerIndex ? "perIndex" : "global"}},
      Intervals::parse(after, completions).total() - Intervals::parse(before, completions).total());
}

const batchv1::JobCondition* end_of(const batchv1::JobStatus& status) {
  for (const batchv1::JobCondition& each : status.conditions)
    if (each.status == corev1::ConditionTrue && (each.type == batchv1::JobComplete || each.type == batchv1::JobFailed)) return &each;
  return nullptr;
}

void note_end(const batchv1::Job& job, const batchv1::JobCondition& end) {
  add("job_controller_jobs_finished_total", "The number of finished jobs",
      {{"completion_mode", mode(job)}, {"result", end.type == batchv1::JobComplete ? "succeeded" : "failed"}, {"reason", end.reason.str()}}, 1);
}

}  // namespace

void note_sync(const batchv1::Job& job, Did did, bool well, Duration took) {
  static const std::vector<double> buckets = [] {
    std::vector<double> bounds;
    for (double bound = 0.004; bounds.size() < 15; bound *= 2) bounds.push_back(bound);
    return bounds;
  }();
  const plumb::metrics::Labels labels{{"completion_mode", mode(job)}, {"result", well ? "success" : "error"}, {"action", text(did)}};
  plumb::metrics::histogram("job_controller_job_sync_duration_seconds", "The time it took to sync a job", buckets, labels).observe(std::chrono::duration<double>(took).count());
  add("job_controller_job_syncs_total", "The number of job syncs", labels, 1);
}

void note_status(const batchv1::Job& job, const batchv1::JobStatus& before, const batchv1::JobStatus& after) {
  if (is_indexed(job)) {
    // An index that a smaller job has no more does not count backwards.
    note_indexes(job, "succeeded", before.completedIndexes, after.completedIndexes);
    if (job.spec.backoffLimitPerIndex) note_indexes(job, "failed", before.failedIndexes.value_or("").view(), after.failedIndexes.value_or("").view());
  }
  note_pods(job, "succeeded", after.succeeded - before.succeeded);
  note_pods(job, "failed", after.failed - before.failed);
  if (const auto* end = end_of(after); end && !end_of(before)) note_end(job, *end);
}

void note_policy(FailureMatch::Is match) {
  static constexpr const char* actions[] = {"Count", "Ignore", "FailIndex", "FailJob"};  // in the order of FailureMatch::Is
  add("job_controller_pod_failures_handled_by_failure_policy_total",
      "The number of failed Pods handled by failure policy with respect to the failure policy action applied based on the matched rule.",
      {{"action", actions[static_cast<std::size_t>(match)]}}, 1);
}

void note_creations(const Pass& pass, int succeeded, int failed) {
  const bool failed_only = replaces_failed_only(*pass.job);
  const char* reason = failed_only && pass.failed > 0 ? "recreate_failed" : pass.failed > 0 || pass.terminating > 0 ? "recreate_terminating_or_failed" : "new";
  for (const auto& [status, amount] : {std::pair{"succeeded", succeeded}, std::pair{"failed", failed}})
    add("job_controller_job_pods_creation_total",
        "The number of Pods created by the Job controller labelled with a reason for the Pod creation. This metric also distinguishes between Pods created using different "
        "PodReplacementPolicy settings.",
        {{"reason", reason}, {"status", status}}, amount);
}

void note_tracked(const corev1::Pod* before, const corev1::Pod* after) {
  const auto counts = [](const corev1::Pod* pod) { return pod && is_terminal(*pod) && is_tracked(*pod); };
  if (counts(before) == counts(after)) return;
  add("job_controller_terminated_pods_tracking_finalizer_total",
      "The number of terminated pods (phase=Failed|Succeeded) that have the finalizer batch.kubernetes.io/job-tracking. The event label can be \"add\" or \"delete\".",
      {{"event", counts(after) ? "add" : "delete"}}, 1);
}

}  // namespace plumb::controllers::job
