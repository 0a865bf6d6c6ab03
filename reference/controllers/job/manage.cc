#include "reference/controllers/job/manage.h"

#include <algorithm>

#include "reference/controllers/framework/pod_actions.h"
#include "reference/controllers/framework/pods.h"
#include "reference/controllers/job/new_pod.h"

namespace plumb::controllers::job {

namespace {

Stage deletions(const Pass& pass, const Pods& pods) {
  Stage stage;
  for (const PodPtr& pod : pods) stage.actions.push_back(delete_pod(*pod, pass.job));
  // New expectations would replace those that are outstanding.
  if (pass.expectations_satisfied) stage.expect_for = informer::object_key(*pass.job);
  return stage;
}

// Pods that the job does not want any more are not to be counted.
Work remove(const Pass& pass, Pods pods) {
  Work work;
  Stage untracking;
  for (const PodPtr& pod : pods)
    if (is_tracked(*pod)) untracking.actions.push_back(untrack(*pod));
  if (!untracking.actions.empty()) work.stages.push_back(std::move(untracking));
  if (!pods.empty()) work.stages.push_back(deletions(pass, pods));
  work.deleted = std::move(pods);
  return work;
}

// The smaller is missed less: unassigned, pending, not ready, ready for a shorter time, restarted more often, younger.
auto usefulness(const corev1::Pod& pod) {
  const int phase = pod.status.phase == corev1::PodRunning ? 2 : pod.status.phase == corev1::PodUnknown ? 1 : 0;
  const corev1::PodCondition* ready = condition(pod, corev1::PodReady);
  const bool is_ready = ready && ready->status == corev1::ConditionTrue;
  std::int32_t restarts = 0;
  for (const corev1::ContainerStatus& status : pod.status.containerStatuses) restarts = std::max(restarts, status.restartCount);
  return std::tuple(!pod.spec.nodeName.empty(), phase, is_ready, is_ready ? -ready->lastTransitionTime.seconds : 0, -restarts,
                    -pod.metadata.creationTimestamp.seconds);
}

void sort_by_usefulness(Pods& pods) {
  std::stable_sort(pods.begin(), pods.end(), [](const PodPtr& a, const PodPtr& b) { return usefulness(*a) < usefulness(*b); });
}

struct Split {
  Pods superfluous, left;
};

// Pods of an indexed job without a valid index, and all but the most useful of each index.
Split split_by_index(const Pass& pass) {
  Split split;
  std::map<std::int32_t, Pods> by_index;
  for (const PodPtr& pod : pass.active) {
    if (pass.has_valid_index(*pod)) {
      by_index[*completion_index(*pod)].push_back(pod);
    } else {
      split.superfluous.push_back(pod);
    }
  }
  for (auto& [index, pods] : by_index) {
    sort_by_usefulness(pods);
    split.left.push_back(std::move(pods.back()));
    pods.pop_back();
    split.superfluous.insert(split.superfluous.end(), pods.begin(), pods.end());
  }
  return split;
}

Pods choose_victims(const Pass& pass, std::size_t at_least) {
  Split split = is_indexed(*pass.job) ? split_by_index(pass) : Split{{}, pass.active};
  Pods victims = std::move(split.superfluous);
  sort_by_usefulness(split.left);
  for (std::size_t i = 0; victims.size() < at_least && i < split.left.size(); ++i) victims.push_back(split.left[i]);
  return victims;
}

std::int32_t wanted_active(const Pass& pass) {
  const batchv1::JobSpec& spec = pass.job->spec;
  const std::int32_t parallelism = spec.parallelism.value_or(1);
  if (spec.completions) return std::clamp(*spec.completions - pass.succeeded, 0, std::max(parallelism, 0));
  return pass.succeeded > 0 ? pass.running : parallelism;  // a work queue: one success tells that there is nothing left to start
}

// Indexes that have neither ended nor a pod.
std::vector<std::int32_t> pending_indexes(const Pass& pass, std::size_t count) {
  std::set<std::int32_t> busy;
  for (const PodPtr& pod : pass.pods) {
    if (!is_active(*pod) && !(is_terminating(*pod) && replaces_failed_only(*pass.job))) continue;
    if (const auto index = completion_index(*pod)) busy.insert(*index);
  }
  Intervals taken = pass.succeeded_indexes.with(Intervals::of(busy));
  if (pass.failed_indexes) taken = taken.with(*pass.failed_indexes);
  return taken.missing(count, pass.job->spec.completions.value_or(0));
}

void create(Stage& stage, const Pass& pass, std::optional<std::int32_t> index) {
  stage.actions.push_back(create_pod(new_pod(pass, index), pass.job));
}

Work create_pods(const Pass& pass, std::size_t count) {
  Work work;
  const bool per_index = pass.failed_indexes.has_value();
  if (const Duration wait = pass.backoff.remaining(pass.now.wall); !per_index && wait > Duration::zero()) {
    work.again_after = wait;
    return work;
  }
  Stage stage;
  stage.slow_start = true;
  stage.expect_for = informer::object_key(*pass.job);
  count = std::min(count, burst_pods);
  if (!is_indexed(*pass.job)) {
    for (std::size_t i = 0; i < count; ++i) create(stage, pass, std::nullopt);
  } else {
    for (const std::int32_t index : pending_indexes(pass, count)) {
      const auto failed = pass.to_be_replaced.find(index);
      const Duration wait = failed == pass.to_be_replaced.end() ? Duration::zero() : backoff_of_index(*failed->second).remaining(pass.now.wall);
      if (wait > Duration::zero()) {
        work.again_after = std::min(work.again_after.value_or(wait), wait);
      } else {
        create(stage, pass, index);
      }
    }
  }
  if (!stage.actions.empty()) work.stages.push_back(std::move(stage));
  return work;
}

}  // namespace

Work manage(const Pass& pass) {
  if (is_suspended(*pass.job)) return remove(pass, choose_victims(pass, pass.active.size()));
  const std::int32_t wanted = wanted_active(pass);
  Pods victims = choose_victims(pass, static_cast<std::size_t>(std::max(pass.running - wanted, 0)));
  if (victims.size() > burst_pods) victims.resize(burst_pods);
  if (!victims.empty()) return remove(pass, std::move(victims));
  const std::int32_t missing = wanted - pass.running - (replaces_failed_only(*pass.job) ? pass.terminating : 0);
  return missing > 0 ? create_pods(pass, static_cast<std::size_t>(missing)) : Work();
}

Work delete_active(const Pass& pass) {
  Work work;
  if (!pass.active.empty()) work.stages.push_back(deletions(pass, pass.active));
  work.deleted = pass.active;
  return work;
}

}  // namespace plumb::controllers::job
