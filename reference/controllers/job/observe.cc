#include "reference/controllers/framework/pods.h"
#include "reference/controllers/job/failure_policy.h"
#include "reference/controllers/job/pass.h"

namespace plumb::controllers::job {

namespace {

Uids uids(const api::List<api::Str>& list) {
  Uids made;
  for (const api::Str& uid : list) made.insert(uid.str());
  return made;
}

struct Finished {
  Pods succeeded, failed;  // that no status knows of
};

Finished newly_finished(const Pass& pass, const batchv1::UncountedTerminatedPods& uncounted) {
  const Uids succeeded = uids(uncounted.succeeded), failed = uids(uncounted.failed);
  Finished found;
  for (const PodPtr& pod : pass.pods) {
    if (!pass.counts(*pod) || !pass.has_valid_index(*pod)) continue;
    const std::string_view uid = pod->metadata.uid;
    if (pod->status.phase == corev1::PodSucceeded && !succeeded.contains(uid)) found.succeeded.push_back(pod);
    if (has_failed(*pass.job, *pod) && !failed.contains(uid)) found.failed.push_back(pod);
  }
  return found;
}

bool fails_index(const Pass& pass, const corev1::Pod& pod) {
  if (!has_failed(*pass.job, pod)) return false;
  const FailureMatch match = match_failure_policy(*pass.job, pod);
  return match.is == FailureMatch::Is::fail_index || (match.counts() && counted_failures(pod) >= *pass.job->spec.backoffLimitPerIndex);
}

// The newest failed pod of each index that is to be tried again and has no pod at present.
void find_pods_to_be_replaced(Pass& pass) {
  std::set<std::int32_t> active;
  for (const PodPtr& pod : pass.active)
    if (const auto index = completion_index(*pod)) active.insert(*index);
  const auto failures = [](const corev1::Pod& pod) { return counted_failures(pod) + ignored_failures(pod); };
  for (const PodPtr& pod : pass.pods) {
    if (!pass.counts(*pod) || !pass.has_valid_index(*pod) || !has_failed(*pass.job, *pod)) continue;
    const std::int32_t index = *completion_index(*pod);
    if (pass.succeeded_indexes.has(index) || pass.failed_indexes->has(index) || active.contains(index)) continue;
    PodPtr& last = pass.to_be_replaced[index];
    if (!last || (failures(*last) <= failures(*pod) && finish_time(*pod) >= finish_time(*last))) last = pod;
  }
}

void observe_indexes(Pass& pass) {
  const batchv1::JobSpec& spec = pass.job->spec;
  const std::int32_t completions = spec.completions.value_or(0);
  std::set<std::int32_t> succeeded, failed;
  for (const PodPtr& pod : pass.pods) {
    if (!is_tracked(*pod) || !pass.has_valid_index(*pod)) continue;
    if (pod->status.phase == corev1::PodSucceeded) succeeded.insert(*completion_index(*pod));
    if (spec.backoffLimitPerIndex && fails_index(pass, *pod)) failed.insert(*completion_index(*pod));
  }
  pass.succeeded_before = Intervals::parse(pass.job->status.completedIndexes, completions);
  pass.succeeded_indexes = pass.succeeded_before.with(Intervals::of(succeeded));
  pass.succeeded = static_cast<std::int32_t>(pass.succeeded_indexes.total());
  if (!spec.backoffLimitPerIndex) return;
  const auto& before = pass.job->status.failedIndexes;
  pass.failed_indexes = Intervals::parse(before ? before->view() : std::string_view(), completions).with(Intervals::of(failed));
  find_pods_to_be_replaced(pass);
}

}  // namespace

bool Pass::has_valid_index(const corev1::Pod& pod) const {
  if (!is_indexed(*job)) return true;
  const auto index = completion_index(pod);
  return index && *index < job->spec.completions.value_or(0);
}

std::shared_ptr<Pass> observe(const JobPtr& job, Pods pods, Observed observed, const Now& now) {
  auto pass = std::make_shared<Pass>();
  pass->job = job;
  pass->next = std::static_pointer_cast<batchv1::Job>(api::clone(*job));
  pass->now = now;
  pass->expectations_satisfied = observed.expectations_satisfied;
  pass->in_flight = std::move(observed.in_flight);
  pass->pods = std::move(pods);
  for (const PodPtr& pod : pass->pods) {
    if (is_active(*pod)) pass->active.push_back(pod);
    pass->ready += is_active(*pod) && is_ready(*pod);
    pass->terminating += is_terminating(*pod);
  }
  pass->running = static_cast<std::int32_t>(pass->active.size());
  const batchv1::UncountedTerminatedPods& uncounted = pass->next->status.uncountedTerminatedPods.ensure();
  const Finished finished = newly_finished(*pass, uncounted);
  pass->backoff = observed.backoff.after(finished.succeeded, finished.failed);
  pass->succeeded = job->status.succeeded + static_cast<std::int32_t>(finished.succeeded.size() + uncounted.succeeded.size());
  pass->failed = job->status.failed + static_cast<std::int32_t>(uncounted.failed.size());
  for (const PodPtr& pod : finished.failed) pass->failed += match_failure_policy(*job, *pod).counts();
  if (is_indexed(*job)) observe_indexes(*pass);
  if (!job->status.startTime && !is_suspended(*job)) pass->next->status.startTime = api::Time::from(now.wall);
  return pass;
}

}  // namespace plumb::controllers::job
