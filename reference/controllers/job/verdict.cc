#include "reference/controllers/job/failure_policy.h"
#include "reference/controllers/job/pass.h"

namespace plumb::controllers::job {

namespace {

// Containers that were restarted in place count as failures where pods are not made anew.
bool restarts_exceed_limit(const Pass& pass) {
  if (pass.job->spec.template_.spec.restartPolicy != corev1::RestartPolicyOnFailure) return false;
  std::int64_t restarts = 0;
  for (const PodPtr& pod : pass.pods) {
    if (pod->status.phase != corev1::PodRunning && pod->status.phase != corev1::PodPending) continue;
    for (const auto* list : {&pod->status.initContainerStatuses, &pod->status.containerStatuses})
      for (const corev1::ContainerStatus& status : *list) restarts += status.restartCount;
  }
  const std::int32_t limit = pass.job->spec.backoffLimit.value_or(0);
  return limit == 0 ? restarts > 0 : restarts >= limit;
}

bool is_past_deadline(const Pass& pass) {
  const auto& seconds = pass.job->spec.activeDeadlineSeconds;
  const api::Time& start = pass.next->status.startTime;
  return seconds && start && !is_suspended(*pass.job) && pass.now.wall - start.wall() >= std::chrono::seconds(*seconds);
}

std::string failure_by_policy(const Pass& pass) {
  if (!pass.job->spec.podFailurePolicy) return {};
  for (const PodPtr& pod : pass.pods) {
    if (!has_failed(*pass.job, *pod)) continue;
    FailureMatch match = match_failure_policy(*pass.job, *pod);
    if (match.is == FailureMatch::Is::fail_job) return std::move(match.message);
  }
  return {};
}

// "" when no rule of the success policy is met.
std::string success_by_policy(const Pass& pass) {
  const batchv1::JobSpec& spec = pass.job->spec;
  if (!spec.successPolicy || pass.succeeded_indexes.empty()) return {};
  const auto& rules = spec.successPolicy->rules;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const batchv1::SuccessPolicyRule& rule = rules[i];
    std::int64_t succeeded = pass.succeeded_indexes.total(), wanted = INT64_MAX;
    if (rule.succeededIndexes) {
      const Intervals indexes = Intervals::parse(*rule.succeededIndexes, spec.completions.value_or(0));
      if (indexes.empty()) continue;
      succeeded = pass.succeeded_indexes.in_common(indexes);
      wanted = indexes.total();
    }
    if (rule.succeededCount) wanted = std::min<std::int64_t>(wanted, *rule.succeededCount);
    if (succeeded >= wanted) return "Matched rules at index " + std::to_string(i);
  }
  return {};
}

}  // namespace

batchv1::JobCondition new_condition(std::string_view type, std::string_view reason, std::string_view message, const Now& now, std::string_view status) {
  batchv1::JobCondition condition;
  condition.type = type;
  condition.status = status;
  condition.reason = reason;
  condition.message = message;
  condition.lastProbeTime = condition.lastTransitionTime = api::Time::from(now.wall);
  return condition;
}

bool ensure_condition(batchv1::Job& job, const batchv1::JobCondition& condition) {
  for (batchv1::JobCondition& one : job.status.conditions) {
    if (one.type != condition.type) continue;
    if (one.status == condition.status && one.reason == condition.reason && one.message == condition.message) return false;
    one = condition;
    return true;
  }
  if (condition.status == corev1::ConditionFalse) return false;
  job.status.conditions.push_back(condition);
  return true;
}

std::optional<batchv1::JobCondition> verdict(const Pass& pass) {
  const batchv1::JobSpec& spec = pass.job->spec;
  const auto failure = [&](std::string_view reason, std::string_view message) { return new_condition(batchv1::JobFailureTarget, reason, message, pass.now); };
  if (has_condition(*pass.job, batchv1::JobSuccessCriteriaMet)) return *find_condition(*pass.job, batchv1::JobSuccessCriteriaMet);
  if (has_condition(*pass.job, batchv1::JobFailureTarget)) return *find_condition(*pass.job, batchv1::JobFailureTarget);
  if (const std::string message = failure_by_policy(pass); !message.empty()) return failure(batchv1::JobReasonPodFailurePolicy, message);
  if (pass.failed > spec.backoffLimit.value_or(INT32_MAX) || restarts_exceed_limit(pass))
    return failure(batchv1::JobReasonBackoffLimitExceeded, "Job has reached the specified backoff limit");
  if (is_past_deadline(pass)) return failure(batchv1::JobReasonDeadlineExceeded, "Job was active longer than specified deadline");
  if (!is_indexed(*pass.job)) return std::nullopt;
  if (pass.failed_indexes) {
    const std::int64_t failed = pass.failed_indexes->total();
    if (spec.maxFailedIndexes && failed > *spec.maxFailedIndexes)
      return failure(batchv1::JobReasonMaxFailedIndexesExceeded, "Job has exceeded the specified maximal number of failed indexes");
    if (failed > 0 && failed + pass.succeeded >= spec.completions.value_or(0)) return failure(batchv1::JobReasonFailedIndexes, "Job has failed indexes");
  }
  if (const std::string message = success_by_policy(pass); !message.empty())
    return new_condition(batchv1::JobSuccessCriteriaMet, batchv1::JobReasonSuccessPolicy, message, pass.now);
  return std::nullopt;
}

}  // namespace plumb::controllers::job
