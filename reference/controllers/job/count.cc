#include "reference/controllers/job/count.h"

#include <algorithm>

#include "reference/controllers/job/failure_policy.h"
#include "reference/controllers/job/job_metrics.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::job {

namespace {

bool may_untrack(const Pass& pass, const PodPtr& pod) {
  if (pass.job->metadata.deletionTimestamp || pass.finished || pod->status.phase == corev1::PodSucceeded) return true;
  if (!has_failed(*pass.job, *pod)) return false;
  // Somebody wants it gone, and there may never be a successor: not in a namespace that goes, nor while the job is suspended.
  if (pod->metadata.deletionTimestamp) return true;
  const auto index = completion_index(*pod);
  const auto kept = index ? pass.to_be_replaced.find(*index) : pass.to_be_replaced.end();
  return kept == pass.to_be_replaced.end() || kept->second != pod;
}

bool contains(const api::List<api::Str>& uids, const api::Str& uid) { return std::find(uids.begin(), uids.end(), uid) != uids.end(); }

// True when the pod had to be entered.
bool enter(Pass& pass, const corev1::Pod& pod) {
  batchv1::UncountedTerminatedPods& uncounted = *pass.next->status.uncountedTerminatedPods;
  const bool job_fails = pass.finished && pass.finished->type != batchv1::JobSuccessCriteriaMet;  // then what still runs counts as failed
  const api::Str& uid = pod.metadata.uid;
  if (contains(uncounted.failed, uid) || !pass.has_valid_index(pod)) return false;
  if (pod.status.phase == corev1::PodSucceeded) {
    // An index counts once, so that it needs no UID.
    if (is_indexed(*pass.job)) return !pass.succeeded_before.has(*completion_index(pod));
    if (contains(uncounted.succeeded, uid)) return false;
    uncounted.succeeded.push_back(uid);
    return true;
  }
  if (!has_failed(*pass.job, pod) && !job_fails) return false;
  const FailureMatch match = match_failure_policy(*pass.job, pod);
  if (match.matched) note_policy(match.is);
  if (!match.counts()) return false;
  uncounted.failed.push_back(uid);
  return true;
}

void announce_end(Pass& pass) {
  if (!pass.finished) return;
  const batchv1::JobCondition announced = *pass.finished;
  if (!find_condition(*pass.next, announced.type)) pass.next->status.conditions.push_back(announced);
  const bool success = announced.type == batchv1::JobSuccessCriteriaMet;
  pass.finished = new_condition(success ? batchv1::JobComplete : batchv1::JobFailed, announced.reason, announced.message, pass.now);
}

}  // namespace

Counted count(Pass& pass) {
  batchv1::JobStatus& status = pass.next->status;
  Counted counted;
  for (const PodPtr& pod : pass.pods)
    if (pass.counts(*pod)) counted.tracked.insert(pod->metadata.uid.str());
  settle(status, counted.tracked);
  std::size_t entered = status.uncountedTerminatedPods->succeeded.size() + status.uncountedTerminatedPods->failed.size();
  for (const PodPtr& pod : pass.pods) {
    if (!pass.counts(*pod) || !may_untrack(pass, pod)) continue;
    if (entered >= most_uncounted) {
      counted.is_everything = false;
      break;
    }
    counted.to_untrack.push_back(pod);
    entered += enter(pass, *pod);
  }
  if (is_indexed(*pass.job)) {
    status.succeeded = pass.succeeded;
    status.completedIndexes = pass.succeeded_indexes.to_string();
    status.failedIndexes.reset();
    if (pass.failed_indexes) status.failedIndexes = api::Opt<api::Str>(std::string_view(pass.failed_indexes->to_string()));
  }
  announce_end(pass);
  return counted;
}

void settle(batchv1::JobStatus& status, const Uids& tracked) {
  batchv1::UncountedTerminatedPods& uncounted = status.uncountedTerminatedPods.ensure();
  const auto is_done = [&](const api::Str& uid) { return !tracked.contains(uid.view()); };
  status.succeeded += static_cast<std::int32_t>(uncounted.succeeded.erase_if(is_done));
  status.failed += static_cast<std::int32_t>(uncounted.failed.erase_if(is_done));
}

void finish(Pass& pass) {
  batchv1::Job& job = *pass.next;
  const auto& uncounted = *job.status.uncountedTerminatedPods;
  if (!pass.finished || pass.terminating > 0 || !uncounted.succeeded.empty() || !uncounted.failed.empty()) return;
  const batchv1::JobCondition& end = *pass.finished;
  ensure_condition(job, end);
  if (!job.status.startTime) job.status.startTime = end.lastTransitionTime;  // a job that never had anything to do
  if (end.type != batchv1::JobComplete) {
    pass.events.push_back({pass.job, informer::event_warning, end.reason.str(), end.message.str()});
    return;
  }
  job.status.completionTime = end.lastTransitionTime;
  if (job.spec.completions && job.status.succeeded > *job.spec.completions)
    pass.events.push_back({pass.job, informer::event_warning, "TooManySucceededPods", "Too many succeeded pods running after completion count reached"});
  pass.events.push_back({pass.job, informer::event_normal, "Completed", "Job completed"});
}

}  // namespace plumb::controllers::job
