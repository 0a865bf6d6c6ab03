#include "reference/controllers/framework/drift_workloads.h"

namespace plumb::controllers {

corev1::PodTemplateSpec DriftWorkloads::pod_template(const std::string& app) {
  corev1::PodTemplateSpec made;
  made.metadata.labels.set("app", api::Str(app));
  auto& container = made.spec.containers.emplace_back();
  container.name = "c";
  container.image = image();
  container.resources.requests.set("cpu", api::QuantityText(std::to_string(drift_cpu_request) + "m"));
  return made;
}

template <class T>
std::shared_ptr<T> DriftWorkloads::workload(const std::string& app) {
  auto made = std::make_shared<T>();
  made->metadata.name = app;
  made->metadata.labels.set("app", api::Str(app));
  made->spec.selector.ensure().matchLabels.set("app", api::Str(app));
  made->spec.template_ = pod_template(app);
  return made;
}

std::shared_ptr<appsv1::Deployment> DriftWorkloads::deployment(const std::string& app) {
  auto made = workload<appsv1::Deployment>(app);
  made->spec.replicas = number(5);
  made->spec.minReadySeconds = chance(3) ? 10 : 0;
  made->spec.revisionHistoryLimit = chance(2) ? 1 : 10;
  if (chance(3)) made->metadata.annotations.set("deployment.plumbline.io/rollback-on-failure", "true");
  if (chance(4)) {
    made->spec.strategy.type = "Recreate";
    return made;
  }
  made->spec.strategy.type = "RollingUpdate";
  auto& rolling = made->spec.strategy.rollingUpdate.ensure();
  rolling.maxSurge = number(3);
  rolling.maxUnavailable = rolling.maxSurge == api::IntOrString(0) ? 1 : number(3);
  return made;
}

std::shared_ptr<appsv1::StatefulSet> DriftWorkloads::stateful_set(const std::string& app) {
  auto made = workload<appsv1::StatefulSet>(app);
  made->spec.replicas = number(5);
  made->spec.serviceName = "s";
  made->spec.minReadySeconds = chance(3) ? 10 : 0;
  made->spec.podManagementPolicy = chance(2) ? "Parallel" : "OrderedReady";
  made->spec.updateStrategy.type = chance(6) ? "OnDelete" : "RollingUpdate";
  return made;
}

std::shared_ptr<appsv1::DaemonSet> DriftWorkloads::daemon_set(const std::string& app) {
  auto made = workload<appsv1::DaemonSet>(app);
  made->spec.minReadySeconds = chance(3) ? 10 : 0;
  auto& rolling = made->spec.updateStrategy.rollingUpdate.ensure();
  const bool surges = chance(2);
  rolling.maxSurge = surges ? 1 : 0;
  rolling.maxUnavailable = surges ? 0 : 1 + number(2);
  return made;
}

std::shared_ptr<appsv1::ReplicaSet> DriftWorkloads::replica_set(const std::string& app) {
  auto made = workload<appsv1::ReplicaSet>(app);
  made->spec.replicas = number(5);
  return made;
}

// Exit codes of pods that fail are 1 and 42 (drift_people.h).
void DriftWorkloads::judge_failures(batchv1::JobSpec& spec) {
  const bool indexed = spec.completionMode == "Indexed";
  if (indexed && chance(3)) {
    spec.backoffLimitPerIndex = number(2);
    if (chance(2)) spec.maxFailedIndexes = number(3);
  }
  if (chance(3)) {
    auto& rules = spec.podFailurePolicy.ensure().rules;
    auto& code = rules.emplace_back();
    code.action = spec.backoffLimitPerIndex && chance(2) ? "FailIndex" : chance(2) ? "FailJob" : "Count";
    code.onExitCodes.ensure().operator_ = "In";
    code.onExitCodes.ensure().values.push_back(42);
    auto& disrupted = rules.emplace_back();
    disrupted.action = "Ignore";
    auto& condition = disrupted.onPodConditions.emplace_back();
    condition.type = corev1::DisruptionTarget;
    condition.status = "True";
  }
  if (indexed && chance(4)) spec.successPolicy.ensure().rules.emplace_back().succeededCount = 1;
}

void DriftWorkloads::work(batchv1::JobSpec& spec) {
  spec.template_.spec.restartPolicy = "Never";
  spec.completions = 1 + number(4);
  spec.parallelism = 1 + number(3);
  spec.backoffLimit = 2 + number(4);
  spec.completionMode = chance(2) ? "Indexed" : "NonIndexed";
  judge_failures(spec);
  if (spec.podFailurePolicy || chance(3)) spec.podReplacementPolicy = "Failed";
  if (chance(4)) spec.ttlSecondsAfterFinished = 60;
}

std::shared_ptr<batchv1::Job> DriftWorkloads::job(const std::string& app) {
  auto made = workload<batchv1::Job>(app);
  made->spec.manualSelector = true;
  work(made->spec);
  return made;
}

std::shared_ptr<batchv1::CronJob> DriftWorkloads::cron_job(const std::string& app) {
  auto made = std::make_shared<batchv1::CronJob>();
  made->metadata.name = app;
  made->metadata.labels.set("app", api::Str(app));
  made->spec.schedule = "*/5 * * * *";
  made->spec.concurrencyPolicy = chance(3) ? "Allow" : chance(2) ? "Forbid" : "Replace";
  if (chance(3)) made->spec.startingDeadlineSeconds = 60;
  made->spec.successfulJobsHistoryLimit = number(3);
  made->spec.failedJobsHistoryLimit = number(2);
  auto& jobs = made->spec.jobTemplate;
  jobs.metadata.labels.set("app", api::Str(app));
  jobs.spec.template_ = pod_template(app);
  jobs.spec.manualSelector = true;  // the API in memory makes none
  jobs.spec.selector.ensure().matchLabels.set("app", api::Str(app));
  work(jobs.spec);
  return made;
}

std::shared_ptr<policyv1::PodDisruptionBudget> DriftWorkloads::budget(const std::string& app) {
  auto made = std::make_shared<policyv1::PodDisruptionBudget>();
  made->metadata.name = "b-" + app;
  made->spec.selector.ensure().matchLabels.set("app", api::Str(app));
  if (chance(2)) made->spec.minAvailable = 1 + number(2);
  else made->spec.maxUnavailable = 1;
  return made;
}

std::shared_ptr<autoscalingv2::HorizontalPodAutoscaler> DriftWorkloads::autoscaler(const std::string& app) {
  auto made = std::make_shared<autoscalingv2::HorizontalPodAutoscaler>();
  made->metadata.name = "h-" + app;
  made->spec.scaleTargetRef.apiVersion = "apps/v1";
  made->spec.scaleTargetRef.kind = "Deployment";
  made->spec.scaleTargetRef.name = app;
  made->spec.minReplicas = 1 + number(2);
  made->spec.maxReplicas = *made->spec.minReplicas + number(5);
  auto& metric = made->spec.metrics.emplace_back();
  metric.type = "Resource";
  metric.resource.ensure().name = "cpu";
  metric.resource.ensure().target.type = "Utilization";
  metric.resource.ensure().target.averageUtilization = drift_utilization;
  return made;
}

}  // namespace plumb::controllers
