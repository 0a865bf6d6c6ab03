#include "reference/controllers/framework/drift_checks.h"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdlib>
#include <map>

#include "reference/api/types/autoscalingv2.h"
#include "reference/api/types/batchv1.h"
#include "reference/api/types/policyv1.h"
#include "reference/controllers/deployment/rollout.h"
#include "reference/controllers/framework/drift_pods.h"
#include "reference/controllers/framework/drift_workloads.h"
#include "reference/controllers/framework/ownership.h"

namespace plumb::controllers {
namespace {

using namespace drift;

// Differences, each with the object that it is about.
class Report {
 public:
  template <class A, class B>
  void same(const api::Object& about, const std::string& what, const A& actual, const B& wanted) {
    if (!(actual == wanted)) add(about, what + " is " + text(actual) + ", not " + text(wanted));
  }
  void holds(const api::Object& about, bool is, const std::string& otherwise) {
    if (!is) add(about, otherwise);
  }
  std::vector<std::string> take() { return std::move(problems_); }

 private:
  static std::string text(std::integral auto number) { return std::to_string(number); }
  static std::string text(const std::string& value) { return "\"" + value + "\""; }
  void add(const api::Object& about, const std::string& what) { problems_.push_back(std::string(about.type().name) + " " + about.metadata.name.str() + ": " + what); }
  std::vector<std::string> problems_;
};

bool has_condition(const batchv1::Job& job, std::string_view type) {
  return std::any_of(job.status.conditions.begin(), job.status.conditions.end(), [&](const auto& condition) { return condition.type == type && condition.status == "True"; });
}
std::string_view end_of(const batchv1::Job& job) { return has_condition(job, "Complete") ? "Complete" : has_condition(job, "Failed") ? "Failed" : ""; }

class Declared {
 public:
  explicit Declared(DriftCluster& cluster) : cluster_(cluster), nodes_(cluster.nodes()) {}

  std::vector<std::string> differences() {
    for (const auto& each : all<appsv1::Deployment>()) look_at(*each);
    for (const auto& each : all<appsv1::ReplicaSet>()) look_at(*each);
    for (const auto& each : all<appsv1::StatefulSet>()) look_at(*each);
    for (const auto& each : all<appsv1::DaemonSet>()) look_at(*each);
    for (const auto& each : all<batchv1::Job>()) look_at(*each);
    for (const auto& each : all<batchv1::CronJob>()) look_at(*each);
    for (const auto& each : all<autoscalingv2::HorizontalPodAutoscaler>()) look_at(*each);
    for (const auto& each : all<policyv1::PodDisruptionBudget>()) look_at(*each);
    for (const auto& each : all<corev1::Namespace>()) report_.holds(*each, !each->metadata.deletionTimestamp, "is being deleted");
    note_owners();
    look_at_owned<appsv1::Deployment>();
    look_at_owned<appsv1::ReplicaSet>();
    look_at_owned<appsv1::ControllerRevision>();
    look_at_owned<batchv1::Job>();
    look_at_owned<corev1::ConfigMap>();
    look_at_owned<corev1::Pod>();
    look_at_pods();
    return report_.take();
  }

 private:
  template <class T>
  std::vector<std::shared_ptr<const T>> all() {
    return cluster_.api().all<T>();
  }
  bool available(const corev1::Pod& pod, std::int32_t min_ready) { return is_active(pod) && is_available(pod, min_ready, cluster_.clock().wall()); }
  std::int32_t available_of(const Pods& pods, std::int32_t min_ready) {
    return count(pods, [&](const corev1::Pod& pod) { return available(pod, min_ready); });
  }
  static std::int32_t active_of(const Pods& pods) { return count(pods, is_active); }
  Pods owned_by(const api::Object& owner) { return pods_of(cluster_, {owner.metadata.uid.str()}); }

  template <class T>
  void settled(const T& each) {
    report_.holds(each, !each.metadata.deletionTimestamp, "is being deleted");
    report_.same(each, "observedGeneration", each.status.observedGeneration, each.metadata.generation);
  }

  void look_at(const appsv1::Deployment& each) {
    settled(each);
    const std::int32_t replicas = deployment::replicas_of(each);
    std::int32_t total = 0;
    for (const auto& set : all<appsv1::ReplicaSet>()) {
      if (controller_uid(*set) != each.metadata.uid) continue;
      total += deployment::replicas_of(*set);
      const bool current = deployment::same_template(set->spec.template_, each.spec.template_);
      if (!each.spec.paused && !current) report_.same(*set, "replicas", deployment::replicas_of(*set), 0);
    }
    if (each.spec.paused) return;
    report_.same(each, "replicas of its sets", total, replicas);
    report_.same(each, "status.replicas", each.status.replicas, replicas);
    report_.same(each, "status.updatedReplicas", each.status.updatedReplicas, replicas);
    report_.same(each, "status.availableReplicas", each.status.availableReplicas, replicas);
    report_.same(each, "status.unavailableReplicas", each.status.unavailableReplicas, 0);
    const auto* progressing = deployment::condition(each.status, "Progressing");
    report_.holds(each, progressing && progressing->reason == "NewReplicaSetAvailable", "is not complete: " + (progressing ? progressing->reason.str() : std::string("no condition")));
  }

  void look_at(const appsv1::ReplicaSet& each) {
    settled(each);
    const std::int32_t replicas = deployment::replicas_of(each);
    const Pods pods = owned_by(each);
    report_.same(each, "count of active pods", active_of(pods), replicas);
    report_.same(each, "status.replicas", each.status.replicas, replicas);
    report_.same(each, "status.availableReplicas", each.status.availableReplicas, available_of(pods, each.spec.minReadySeconds));
    report_.same(each, "status.availableReplicas", each.status.availableReplicas, replicas);
  }

  void look_at(const appsv1::StatefulSet& each) {
    settled(each);
    const std::int32_t replicas = each.spec.replicas.value_or(1);
    std::set<std::string> names, wanted;
    const bool rolls = each.spec.updateStrategy.type == "RollingUpdate";
    for (const PodPtr& pod : owned_by(each)) {
      names.insert(pod->metadata.name.str());
      if (rolls) report_.same(*pod, "revision", pod->metadata.labels.get("controller-revision-hash").str(), each.status.updateRevision.str());
    }
    for (std::int32_t i = 0; i < replicas; ++i) wanted.insert(each.metadata.name.str() + "-" + std::to_string(i));
    report_.holds(each, names == wanted, "has " + std::to_string(names.size()) + " pods, not the " + std::to_string(replicas) + " that its ordinals name");
    report_.same(each, "status.replicas", each.status.replicas, replicas);
    report_.same(each, "status.availableReplicas", each.status.availableReplicas, replicas);
    if (!rolls) return;
    report_.same(each, "status.updatedReplicas", each.status.updatedReplicas, replicas);
    report_.same(each, "status.currentRevision", each.status.currentRevision.str(), each.status.updateRevision.str());
  }

  void look_at(const appsv1::DaemonSet& each) {
    settled(each);
    std::map<std::string, int> by_node;
    for (const PodPtr& pod : owned_by(each)) {
      if (!is_active(*pod)) continue;
      ++by_node[std::string(target_node(*pod))];
      report_.same(*pod, "image", pod->spec.containers[0].image.str(), each.spec.template_.spec.containers[0].image.str());
    }
    for (const std::string& node : nodes_) report_.same(each, "count of pods on " + node, by_node[node], 1);
    report_.same(each, "count of nodes with pods", by_node.size(), nodes_.size());
    const auto count_of_nodes = static_cast<std::int32_t>(nodes_.size());
    report_.same(each, "status.desiredNumberScheduled", each.status.desiredNumberScheduled, count_of_nodes);
    report_.same(each, "status.numberAvailable", each.status.numberAvailable, count_of_nodes);
    report_.same(each, "status.updatedNumberScheduled", each.status.updatedNumberScheduled, count_of_nodes);
  }

  void look_at(const batchv1::Job& each) {
    report_.holds(each, !each.metadata.deletionTimestamp, "is being deleted");
    const auto is = [&](std::string_view type) { return has_condition(each, type); };
    report_.same(each, "status.active", each.status.active, 0);
    report_.same(each, "count of active pods", active_of(owned_by(each)), 0);
    const auto& uncounted = each.status.uncountedTerminatedPods;
    report_.holds(each, !uncounted || (uncounted->succeeded.empty() && uncounted->failed.empty()), "has pods that are not counted");
    if (each.spec.suspend.value_or(false)) return report_.holds(each, is("Suspended") || is("Complete") || is("Failed"), "is not suspended");
    report_.holds(each, is("Complete") != is("Failed"), "has not come to an end");
    if (!is("Complete")) return;
    const std::int32_t wanted = each.spec.successPolicy ? 1 : each.spec.completions.value_or(1);
    // A pod that comes back to a Job without indexes counts, also beyond what the Job asks for; but each counts once.
    const std::int32_t most = each.spec.completionMode == "Indexed" ? each.spec.completions.value_or(1) : cluster_.succeeded(app_of(each));
    report_.same(each, "status.succeeded", each.status.succeeded, std::clamp(each.status.succeeded, wanted, std::max(wanted, most)));
  }

  void look_at(const policyv1::PodDisruptionBudget& each) {
    settled(each);
    const auto selector = selector_of(each.spec.selector.get());
    std::int32_t healthy = 0;
    for (const PodPtr& pod : all<corev1::Pod>())
      if (selector.ok() && matches(*selector, pod->metadata.labels) && is_active(*pod) && is_ready(*pod)) ++healthy;
    // Pods without an owner cannot be counted against those that there should be.
    const bool failed = std::any_of(each.status.conditions.begin(), each.status.conditions.end(), [](const auto& condition) { return condition.reason == "SyncFailed"; });
    if (failed) return;
    report_.same(each, "status.currentHealthy", each.status.currentHealthy, healthy);
    const std::int32_t allowed = each.status.expectedPods > 0 ? std::max(0, healthy - each.status.desiredHealthy) : 0;
    report_.same(each, "status.disruptionsAllowed", each.status.disruptionsAllowed, allowed);
    report_.holds(each, each.status.disruptedPods.empty(), "waits for pods that were evicted");
  }

  void look_at(const batchv1::CronJob& each) {
    report_.holds(each, !each.metadata.deletionTimestamp, "is being deleted");
    std::int32_t complete = 0, failed = 0, unfinished = 0;
    for (const auto& job : all<batchv1::Job>()) {
      if (controller_uid(*job) != each.metadata.uid) continue;
      const std::string_view end = end_of(*job);
      (end == "Complete" ? complete : end == "Failed" ? failed : unfinished) += 1;
    }
    report_.same(each, "count of jobs in status.active", each.status.active.size(), static_cast<std::size_t>(unfinished));
    report_.holds(each, complete <= *each.spec.successfulJobsHistoryLimit, "keeps " + std::to_string(complete) + " complete jobs");
    report_.holds(each, failed <= *each.spec.failedJobsHistoryLimit, "keeps " + std::to_string(failed) + " failed jobs");
  }

  // The size that the load asks for, or one so near that it is left alone.
  void look_at(const autoscalingv2::HorizontalPodAutoscaler& each) {
    const auto target = cluster_.api().find<appsv1::Deployment>(informer::object_key(each.metadata.namespace_, each.spec.scaleTargetRef.name));
    if (!target || target->spec.paused || deployment::replicas_of(*target) == 0) return;
    // As upstream, pods that have succeeded are counted as pods without metrics.
    const std::string app = app_of(*target);
    const auto has_ended = [&](const PodPtr& pod) { return app_of(*pod) == app && is_terminal(*pod); };
    const Pods pods = all<corev1::Pod>();
    if (std::any_of(pods.begin(), pods.end(), has_ended)) return;
    const std::int32_t size = deployment::replicas_of(*target), least = *each.spec.minReplicas, most = each.spec.maxReplicas;
    const double wanted = static_cast<double>(cluster_.load(target->metadata.name.str())) * 100 / drift_cpu_request / drift_utilization;
    const std::int32_t exact = std::clamp(static_cast<std::int32_t>(std::ceil(wanted)), least, most);
    const bool near = size >= least && size <= most && std::abs(wanted / size - 1) <= 0.11;
    std::string why;
    for (const auto& condition : each.status.conditions) why += "; " + condition.type.str() + " " + condition.reason.str() + ": " + condition.message.str();
    report_.holds(each, size == exact || near, "has scaled to " + std::to_string(size) + ", not " + std::to_string(exact) + why);
    report_.same(each, "status.desiredReplicas", each.status.desiredReplicas, size);
  }

  void note_owners() {
    const auto note = [&](const auto& list) {
      for (const auto& each : list) owners_.insert(each->metadata.uid.str());
    };
    note(all<appsv1::Deployment>());
    note(all<appsv1::ReplicaSet>());
    note(all<appsv1::StatefulSet>());
    note(all<appsv1::DaemonSet>());
    note(all<batchv1::Job>());
    note(all<batchv1::CronJob>());
    note(all<corev1::ConfigMap>());
  }

  // The garbage collector has no more to do, and everything has its namespace.
  template <class T>
  void look_at_owned() {
    for (const auto& each : all<T>()) {
      for (const auto& owner : each->metadata.ownerReferences)
        report_.holds(*each, owners_.contains(owner.uid.str()), "belongs to " + owner.kind.str() + " " + owner.name.str() + ", which is gone");
      report_.holds(*each, !each->metadata.deletionTimestamp, "is being deleted");
      report_.holds(*each, cluster_.api().find<corev1::Namespace>(each->metadata.namespace_.view()) != nullptr, "is in namespace " + each->metadata.namespace_.str() + ", which is gone");
    }
  }

  // The counts of a pod that failed go over to the next of its index, which a Job that is suspended does not make.
  bool waits_for_its_successor(const corev1::Pod& pod) {
    const auto* owner = informer::controller_ref(pod);
    const auto job = owner ? cluster_.api().find<batchv1::Job>(informer::object_key(pod.metadata.namespace_, owner->name)) : nullptr;
    return job && job->metadata.uid == owner->uid && job->spec.suspend.value_or(false) && job->spec.backoffLimitPerIndex && pod.status.phase == corev1::PodFailed;
  }

  void look_at_pods() {
    for (const PodPtr& pod : all<corev1::Pod>()) {
      const bool placed = pod->spec.nodeName.empty() || std::find(nodes_.begin(), nodes_.end(), pod->spec.nodeName.str()) != nodes_.end();
      report_.holds(*pod, placed, "is on node " + pod->spec.nodeName.str() + ", which is gone");
      int controllers = 0;
      for (const auto& owner : pod->metadata.ownerReferences) controllers += owner.controller.value_or(false);
      report_.holds(*pod, controllers <= 1, "has several controllers");
      report_.holds(*pod, pod->metadata.finalizers.empty() || waits_for_its_successor(*pod), "is held by finalizer " + (pod->metadata.finalizers.empty() ? std::string() : pod->metadata.finalizers[0].str()));
    }
  }

  DriftCluster& cluster_;
  const std::vector<std::string> nodes_;
  std::set<std::string> owners_;  // UIDs
  Report report_;
};

}  // namespace

std::vector<std::string> differences_from_declared(DriftCluster& cluster) { return Declared(cluster).differences(); }

std::vector<std::string> overdue_cron_jobs(DriftCluster& cluster) {
  constexpr auto late = std::chrono::minutes(6);  // they start something each five
  std::vector<std::string> overdue;
  for (const auto& each : cluster.api().all<batchv1::CronJob>()) {
    if (each->spec.suspend.value_or(false) || each->spec.concurrencyPolicy == "Forbid") continue;
    const api::Time& last = each->status.lastScheduleTime;
    if (!last || cluster.clock().wall() - last.wall() > late) overdue.push_back("CronJob " + each->metadata.name.str() + " has not started what was due");
  }
  return overdue;
}

}  // namespace plumb::controllers
