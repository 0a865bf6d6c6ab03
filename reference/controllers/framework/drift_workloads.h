// Objects as people declare them, made up from a seed for a drift run. Each is labelled "app" with its name, and selects its pods by that.
#pragma once

#include <memory>
#include <string>

#include "harness/base/random.h"
#include "reference/api/types/appsv1.h"
#include "reference/api/types/autoscalingv2.h"
#include "reference/api/types/batchv1.h"
#include "reference/api/types/policyv1.h"

namespace plumb::controllers {

inline constexpr std::int32_t drift_cpu_request = 100, drift_utilization = 50;  // of every pod, in milli; of the request, in percent

class DriftWorkloads {
 public:
  explicit DriftWorkloads(Random& random) : random_(random) {}

  std::shared_ptr<appsv1::Deployment> deployment(const std::string& app);
  std::shared_ptr<appsv1::StatefulSet> stateful_set(const std::string& app);
  std::shared_ptr<appsv1::DaemonSet> daemon_set(const std::string& app);
  std::shared_ptr<appsv1::ReplicaSet> replica_set(const std::string& app);
  std::shared_ptr<batchv1::Job> job(const std::string& app);
  std::shared_ptr<batchv1::CronJob> cron_job(const std::string& app);
  // Of the pods of that app.
  std::shared_ptr<policyv1::PodDisruptionBudget> budget(const std::string& app);
  // Of the Deployment of that name, by its CPU.
  std::shared_ptr<autoscalingv2::HorizontalPodAutoscaler> autoscaler(const std::string& app);
  std::string image() { return "v" + std::to_string(number(3)); }

 private:
  std::int32_t number(std::uint64_t bound) { return static_cast<std::int32_t>(random_.below(bound)); }
  bool chance(std::uint64_t one_in) { return random_.below(one_in) == 0; }
  corev1::PodTemplateSpec pod_template(const std::string& app);
  template <class T>
  std::shared_ptr<T> workload(const std::string& app);
  void work(batchv1::JobSpec& spec);
  void judge_failures(batchv1::JobSpec& spec);

  Random& random_;
};

}  // namespace plumb::controllers
