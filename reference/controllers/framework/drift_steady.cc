#include "reference/controllers/framework/drift_steady.h"

#include "reference/controllers/deployment/rollout.h"
#include "reference/controllers/framework/count_or_percent.h"
#include "reference/controllers/framework/drift_pods.h"

namespace plumb::controllers {
namespace {

using namespace drift;

std::set<std::string> owners_of_pods(DriftCluster& cluster, const api::Object& workload) {
  std::set<std::string> owners{workload.metadata.uid.str()};
  for (const auto& set : cluster.api().all<appsv1::ReplicaSet>())
    if (controller_uid(*set) == workload.metadata.uid) owners.insert(set->metadata.uid.str());
  return owners;
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

// Two pods on one node serve it once.
std::int32_t served(const appsv1::DaemonSet&, const Pods& available) {
  std::set<std::string_view> nodes;
  for (const PodPtr& pod : available) nodes.insert(target_node(*pod));
  return static_cast<std::int32_t>(nodes.size());
}
std::int32_t served(const api::Object&, const Pods& available) { return static_cast<std::int32_t>(available.size()); }

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
    if (each.metadata.deletionTimestamp || never_.contains(app)) return;
    Pods pods = pods_of(cluster_, owners_of_pods(cluster_, each));
    // One that lost its label is going to be released.
    std::erase_if(pods, [&](const PodPtr& pod) { return app_of(*pod) != app; });
    Pods serving = pods;
    std::erase_if(serving, [&](const PodPtr& pod) { return !is_active(*pod) || !is_available(*pod, bounds.min_ready, now); });
    const std::int32_t available = served(each, serving), active = count(pods, is_active), planned = planned_of(each, active);
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

}  // namespace plumb::controllers
