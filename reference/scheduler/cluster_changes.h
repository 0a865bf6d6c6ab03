// What the cluster says, into the node table and the queue: nodes, pods, namespaces, and the other objects that plugins look at.
//
// Of the scheduling thread alone.
#pragma once

#include <memory>

#include "harness/base/clock.h"
#include "reference/scheduler/bindings.h"
#include "reference/scheduler/consultations.h"

namespace plumb::scheduler {

class ClusterChanges {
 public:
  ClusterChanges(const Clock& clock, NodeTable& table, SchedulingQueue& queue, Consultations& consultations, Bindings& bindings, Lanes& lanes)
      : clock_(clock), table_(table), queue_(queue), consultations_(consultations), bindings_(bindings), lanes_(lanes) {}

  void take(const Message& message);

 private:
  using PodPtr = std::shared_ptr<const corev1::Pod>;
  void node_changed(const Message& message);
  void namespace_changed(const Message& message);
  void other_changed(const Message& message, const api::TypeInfo& type, Events events);
  void pod_changed(const PodPtr& before, const PodPtr& after);
  void pod_placed(const PodPtr& pod);
  void pod_gone(const corev1::Pod& pod);

  const Clock& clock_;
  NodeTable& table_;
  SchedulingQueue& queue_;
  Consultations& consultations_;
  Bindings& bindings_;
  Lanes& lanes_;
};

}  // namespace plumb::scheduler
