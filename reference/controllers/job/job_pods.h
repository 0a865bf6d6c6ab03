// What jobs ask about their pods. A pod carries the finalizer batch.kubernetes.io/job-tracking until its job has counted it, so that no
// pod can vanish uncounted; what is without it has been counted, or was never to be.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "reference/api/types/batchv1.h"
#include "reference/controllers/framework/plan.h"

namespace plumb::controllers::job {

using JobPtr = std::shared_ptr<const batchv1::Job>;
using PodPtr = std::shared_ptr<const corev1::Pod>;
using Pods = std::vector<PodPtr>;

inline constexpr std::string_view tracking_finalizer = "batch.kubernetes.io/job-tracking";
inline constexpr std::string_view index_key = "batch.kubernetes.io/job-completion-index";  // annotation and label
inline constexpr std::string_view index_failures_key = "batch.kubernetes.io/job-index-failure-count";
inline constexpr std::string_view index_ignored_failures_key = "batch.kubernetes.io/job-index-ignored-failure-count";

const batchv1::JobCondition* find_condition(const batchv1::Job& job, std::string_view type);
bool has_condition(const batchv1::Job& job, std::string_view type);
bool is_finished(const batchv1::Job& job);
// Another controller is to take care of it (spec.managedBy).
bool is_managed_elsewhere(const batchv1::Job& job);
bool is_indexed(const batchv1::Job& job);
bool is_suspended(const batchv1::Job& job);
// A pod is replaced when it has failed, not already while it goes.
bool replaces_failed_only(const batchv1::Job& job);

bool selects(const batchv1::Job& job, const corev1::Pod& pod);
// Whether the job, which controls the pod, is going to count it: not when it has ended, nor when it goes and does not select the pod any more.
bool still_counts(const batchv1::Job& job, const corev1::Pod& pod);

bool is_tracked(const corev1::Pod& pod);
bool is_terminating(const corev1::Pod& pod);  // going, and not over yet
// Failed; or going, where that is enough for the job.
bool has_failed(const batchv1::Job& job, const corev1::Pod& pod);
std::optional<std::int32_t> completion_index(const corev1::Pod& pod);
// Of the pod's index, before this pod: failures that count, and those that a policy ignored.
std::int32_t counted_failures(const corev1::Pod& pod);
std::int32_t ignored_failures(const corev1::Pod& pod);

// Takes the finalizer off; fails with Conflict where the pod is another one by now.
Action untrack(const corev1::Pod& pod);

}  // namespace plumb::controllers::job
