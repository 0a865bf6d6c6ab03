#include "reference/controllers/job/job_pods.h"

#include <algorithm>

#include "harness/base/encoding.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/controllers/framework/pods.h"

namespace plumb::controllers::job {

namespace {

constexpr std::string_view this_controller = "kubernetes.io/job-controller";

std::int32_t count_in(const corev1::Pod& pod, std::string_view annotation) {
  const auto count = parse_int(pod.metadata.annotations.get(annotation));
  return count && *count >= 0 && *count <= INT32_MAX ? static_cast<std::int32_t>(*count) : 0;
}

}  // namespace

const batchv1::JobCondition* find_condition(const batchv1::Job& job, std::string_view type) {
  for (const batchv1::JobCondition& condition : job.status.conditions)
    if (condition.type == type) return &condition;
  return nullptr;
}

bool has_condition(const batchv1::Job& job, std::string_view type) {
  const batchv1::JobCondition* condition = find_condition(job, type);
  return condition && condition->status == corev1::ConditionTrue;
}

bool is_finished(const batchv1::Job& job) { return has_condition(job, batchv1::JobComplete) || has_condition(job, batchv1::JobFailed); }

bool is_managed_elsewhere(const batchv1::Job& job) { return job.spec.managedBy && *job.spec.managedBy != this_controller; }

bool is_indexed(const batchv1::Job& job) { return job.spec.completionMode && *job.spec.completionMode == batchv1::IndexedCompletion; }

bool is_suspended(const batchv1::Job& job) { return job.spec.suspend.value_or(false); }

bool replaces_failed_only(const batchv1::Job& job) {
  return job.spec.podFailurePolicy || (job.spec.podReplacementPolicy && *job.spec.podReplacementPolicy == batchv1::Failed);
}

bool selects(const batchv1::Job& job, const corev1::Pod& pod) {
  const auto selector = selector_of(job.spec.selector.get());
  return selector.ok() && !selector->everything() && matches(*selector, pod.metadata.labels);
}

bool still_counts(const batchv1::Job& job, const corev1::Pod& pod) { return !is_finished(job) && (!job.metadata.deletionTimestamp || selects(job, pod)); }

bool is_tracked(const corev1::Pod& pod) {
  const auto& finalizers = pod.metadata.finalizers;
  return std::any_of(finalizers.begin(), finalizers.end(), [](const api::Str& one) { return one == tracking_finalizer; });
}

bool is_terminating(const corev1::Pod& pod) { return pod.metadata.deletionTimestamp && !is_terminal(pod); }

bool has_failed(const batchv1::Job& job, const corev1::Pod& pod) {
  return pod.status.phase == corev1::PodFailed || (is_terminating(pod) && !replaces_failed_only(job));
}

std::optional<std::int32_t> completion_index(const corev1::Pod& pod) {
  const auto index = parse_int(pod.metadata.annotations.get(index_key));
  if (!index || *index < 0 || *index > INT32_MAX) return std::nullopt;
  return static_cast<std::int32_t>(*index);
}

std::int32_t counted_failures(const corev1::Pod& pod) { return count_in(pod, index_failures_key); }
std::int32_t ignored_failures(const corev1::Pod& pod) { return count_in(pod, index_ignored_failures_key); }

Action untrack(const corev1::Pod& pod) {
  Action action;
  action.request = informer::patch_request(informer::resource_of<corev1::Pod>(), pod.metadata.namespace_, pod.metadata.name, informer::PatchType::strategic,
                                           "{\"metadata\":{\"uid\":\"" + pod.metadata.uid.str() + "\",\"$deleteFromPrimitiveList/finalizers\":[\"" +
                                               std::string(tracking_finalizer) + "\"]}}");
  action.accept = {"NotFound"};
  return action;
}

}  // namespace plumb::controllers::job
