#include "reference/controllers/framework/drift_checks.h"

#include <algorithm>
#include <map>

#include "reference/api/types/batchv1.h"
#include "reference/api/types/policyv1.h"
#include "reference/controllers/deployment/rollout.h"
#include "reference/controllers/framework/count_or_percent.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/controllers/framework/pods.h"

namespace plumb::controllers {
namespace {

using PodPtr = std::shared_ptr<const corev1::Pod>;
using Pods = std::vector<PodPtr>;
using informer::object_key;

std::string app_of(const api::Object& object) { return object.metadata.labels.get("app").str(); }

std::string controller_uid(const api::Object& object) {
  const auto* reference = informer::controller_ref(object);
  return reference ? reference->uid.str() : std::string();
}

Pods pods_of(DriftCluster& cluster, const std::set<std::string>& owners) {
  Pods pods;
  for (const PodPtr& pod : cluster.api().all<corev1::Pod>())
    if (owners.contains(controller_uid(*pod))) pods.push_back(pod);
  return pods;
}

std::set<std::string> owners_of_pods(DriftCluster& cluster, const api::Object& workload) {
  std::set<std::string> owners{workload.metadata.uid.str()};
  for (const auto& set : cluster.api().all<appsv1::ReplicaSet>())
    if (controller_uid(*set) == workload.metadata.uid) owners.insert(set->metadata.uid.str());
  return owners;
}

template <class Counts>
std::int32_t count(const Pods& pods, Counts counts) {
  return static_cast<std::int32_t>(std::count_if(pods.begin(), pods.end(), [&](const PodPtr& pod) { return counts(*pod); }));
}

// The fewest available and the most pods that a workload may have while it changes.
struct Bounds {
  std::int32_t wanted = 0, least = 0, most = 0, min_ready = 0;
};

Bounds bounds_of(const appsv1::Deployment& each) {
  const std::int32_t replicas = deployment::replicas_of(each);
  return {replicas, each.spec.strategy.type == "Recreate" ? 0 : replicas - deployment::max_unavailable(each), replicas + deployment::max_surge(each), each.spec.minReadySeconds};
}
Bounds bounds_of(const appsv1::StatefulSet& each) {
  const std::int32_t replicas = each.spec.replicas.value_or(1);
  return {replicas, replicas - 1, replicas, each.spec.minReadySeconds};
}
Bounds bounds_of(const appsv1::DaemonSet& each, std::int32_t nodes) {
  const auto& rolling = each.spec.updateStrategy.rollingUpdate;
  const std::int32_t unavailable = rolling ? scaled_value(rolling->maxUnavailable, nodes, true) : nodes;
  const std::int32_t surge = rolling ? scaled_value(rolling->maxSurge, nodes, true) : 0;
  return {nodes, nodes - unavailable, nodes + surge, each.spec.minReadySeconds};
}

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
  static std::string text(std::int64_t number) { return std::to_string(number); }
  static std::string text(const std::string& value) { return "\"" + value + "\""; }
  void add(const api::Object& about, const std::string& what) { problems_.push_back(std::string(about.type().name) + " " + about.metadata.name.str() + ": " + what); }
  std::vector<std::string> problems_;
};

class Declared {
 public:
  explicit Declared(DriftCluster& cluster) : cluster_(cluster), nodes_(cluster.nodes()) {}

  std::vector<std::string> differences() {
    for (const auto& each : all<appsv1::Deployment>()) look_at(*each);
    for (const auto& each : all<appsv1::ReplicaSet>()) look_at(*each);
    for (const auto& each : all<appsv1::StatefulSet>()) look_at(*each);
    for (const auto& each : all<appsv1::DaemonSet>()) look_at(*each);
    for (const auto& each : all<batchv1::Job>()) look_at(*each);
    for (const auto& each : all<policyv1::PodDisruptionBudget>()) look_at(*each);
    look_for_orphans<appsv1::ReplicaSet>();
    look_for_orphans<appsv1::ControllerRevision>();
    look_for_orphans<corev1::Pod>();
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
    const auto is = [&](std::string_view type) {
      return std::any_of(each.status.conditions.begin(), each.status.conditions.end(), [&](const auto& condition) { return condition.type == type && condition.status == "True"; });
    };
    report_.same(each, "status.active", each.status.active, 0);
    report_.same(each, "count of active pods", active_of(owned_by(each)), 0);
    const auto& uncounted = each.status.uncountedTerminatedPods;
    report_.holds(each, !uncounted || (uncounted->succeeded.empty() && uncounted->failed.empty()), "has pods that are not counted");
    if (each.spec.suspend.value_or(false)) return report_.holds(each, is("Suspended") || is("Complete") || is("Failed"), "is not suspended");
    report_.holds(each, is("Complete") != is("Failed"), "has not come to an end");
    if (!is("Complete")) return;
    const std::int32_t wanted = each.spec.completions.value_or(1);
    // A pod that comes back to a Job without indexes counts, also beyond what the Job asks for; but each counts once.
    const std::int32_t most = each.spec.completionMode == "Indexed" ? wanted : cluster_.succeeded(each.metadata.name.str());
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

  template <class T>
  void look_for_orphans() {
    std::set<std::string> uids;
    const auto note = [&](const auto& list) {
      for (const auto& each : list) uids.insert(each->metadata.uid.str());
    };
    note(all<appsv1::Deployment>());
    note(all<appsv1::ReplicaSet>());
    note(all<appsv1::StatefulSet>());
    note(all<appsv1::DaemonSet>());
    note(all<batchv1::Job>());
    for (const auto& each : all<T>())
      for (const auto& owner : each->metadata.ownerReferences) report_.holds(*each, uids.contains(owner.uid.str()), "belongs to " + owner.kind.str() + " " + owner.name.str() + ", which is gone");
  }

  void look_at_pods() {
    for (const PodPtr& pod : all<corev1::Pod>()) {
      report_.holds(*pod, !pod->metadata.deletionTimestamp, "is being deleted");
      const bool placed = pod->spec.nodeName.empty() || std::find(nodes_.begin(), nodes_.end(), pod->spec.nodeName.str()) != nodes_.end();
      report_.holds(*pod, placed, "is on node " + pod->spec.nodeName.str() + ", which is gone");
      int controllers = 0;
      for (const auto& owner : pod->metadata.ownerReferences) controllers += owner.controller.value_or(false);
      report_.holds(*pod, controllers <= 1, "has several controllers");
      report_.holds(*pod, pod->metadata.finalizers.empty() , "is held by finalizer " + (pod->metadata.finalizers.empty() ? std::string() : pod->metadata.finalizers[0].str()));
    }
  }

  DriftCluster& cluster_;
  const std::vector<std::string> nodes_;
  Report report_;
};

}  // namespace

void SteadyWorkloads::disturbed(const std::string& app) { app.empty() ? steady_.clear() : static_cast<void>(steady_.erase(app)); }

// Pods that a workload provides for. As upstream's, a Deployment keeps within its surge by the sizes of its replica sets: a pod of one that
// shrinks may still be there when one of another that grows comes.
std::int32_t SteadyWorkloads::planned_of(const appsv1::Deployment& each, std::int32_t) {
  std::int32_t planned = 0;
  for (const auto& set : cluster_.api().all<appsv1::ReplicaSet>())
    if (controller_uid(*set) == each.metadata.uid) planned += deployment::replicas_of(*set);
  return planned;
}

void SteadyWorkloads::check(bool caught_up, std::vector<std::string>& problems) {
  const WallTime now = cluster_.clock().wall();
  std::set<std::string> still;
  const auto nodes = cluster_.nodes();
  // On a node that is gone, where the pod is going to be deleted.
  const auto is_stranded = [&](const Pods& pods) {
    return std::any_of(pods.begin(), pods.end(), [&](const PodPtr& pod) { return std::find(nodes.begin(), nodes.end(), pod->spec.nodeName.str()) == nodes.end(); });
  };
  const auto look_at = [&](const auto& each, const Bounds& bounds) {
    const std::string app = app_of(each);
    if (each.metadata.deletionTimestamp) return;
    Pods pods = pods_of(cluster_, owners_of_pods(cluster_, each));
    // One that lost its label is going to be released.
    std::erase_if(pods, [&](const PodPtr& pod) { return app_of(*pod) != app; });
    const std::int32_t available = count(pods, [&](const corev1::Pod& pod) { return is_active(pod) && is_available(pod, bounds.min_ready, now); });
    const std::int32_t active = count(pods, is_active), planned = planned_of(each, active);
    if (steady_.contains(app)) {
      still.insert(app);
      const auto problem = [&](const std::string& what) { problems.push_back(app + ": " + what); };
      if (available < bounds.least) problem(std::to_string(available) + " pods are available, " + std::to_string(bounds.least) + " have to be");
      if (planned > bounds.most) problem("there are " + std::to_string(planned) + " pods, at most " + std::to_string(bounds.most) + " may be");
    } else if (caught_up && !is_stranded(pods) && available == bounds.wanted && active == bounds.wanted && each.status.observedGeneration == each.metadata.generation) {
      still.insert(app);
    }
  };
  for (const auto& each : cluster_.api().all<appsv1::Deployment>())
    if (each->status.availableReplicas == deployment::replicas_of(*each) || steady_.contains(app_of(*each))) look_at(*each, bounds_of(*each));
  for (const auto& each : cluster_.api().all<appsv1::StatefulSet>())
    if (each->spec.updateStrategy.type == "RollingUpdate" && (each->status.replicas == each->spec.replicas.value_or(1) || steady_.contains(app_of(*each)))) look_at(*each, bounds_of(*each));
  for (const auto& each : cluster_.api().all<appsv1::DaemonSet>())
    if (each->spec.updateStrategy.type == "RollingUpdate") look_at(*each, bounds_of(*each, static_cast<std::int32_t>(cluster_.nodes().size())));
  steady_ = std::move(still);
}

std::vector<std::string> differences_from_declared(DriftCluster& cluster) { return Declared(cluster).differences(); }

}  // namespace plumb::controllers
