// Which pods are of the same workload as a pod, where it does not say so itself: those that the services in front of it and the controller
// that made it select.
#pragma once

#include "reference/api/text/label_selector.h"
#include "reference/informer/informer.h"
#include "reference/scheduler/framework.h"

namespace plumb::corev1 {
struct ReplicationController;
struct Service;
}
namespace plumb::appsv1 {
struct ReplicaSet;
struct StatefulSet;
}

namespace plumb::scheduler {

class WorkloadSelector {
 public:
  void attach(const Handle& handle);
  // Everything when nothing selects the pod. The rule is upstream's for default constraints: services by their selectors, and the
  // controller when it is a ReplicationController, ReplicaSet or StatefulSet.
  api::LabelSelector of(const corev1::Pod& pod) const;

 private:
  void add_services(const corev1::Pod& pod, std::vector<api::LabelRequirement>& requirements) const;
  void add_controller(const corev1::Pod& pod, std::vector<api::LabelRequirement>& requirements) const;

  bool attached_ = false;
  informer::Lister<corev1::Service> services_;
  informer::Lister<corev1::ReplicationController> replication_controllers_;
  informer::Lister<appsv1::ReplicaSet> replica_sets_;
  informer::Lister<appsv1::StatefulSet> stateful_sets_;
};

}  // namespace plumb::scheduler
