// The way of a pod from its decision to its node: Reserve, Permit, PreBind, Bind; and back, where one of them says no.
//
// The pod counts on its node from the beginning (assumed). Writes are on the way while other pods are decided about; answers come through
// the inbox. An extender that binds and is interested in the pod goes before the Bind plugins. Of the scheduling thread alone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/string_map.h"
#include "reference/scheduler/consultations.h"
#include "reference/scheduler/failures.h"
#include "reference/scheduler/inbox.h"
#include "reference/scheduler/lanes.h"
#include "reference/scheduler/preparation.h"

namespace plumb::scheduler {

class Bindings {
 public:
  Bindings(informer::Client& client, Clock& clock, NodeTable& table, const Extenders& extenders, SchedulingQueue& queue, Failures& failures,
           SchedulerMetrics& metrics, std::shared_ptr<Inbox> inbox)
      : client_(client), clock_(clock), table_(table), extenders_(extenders), queue_(queue), failures_(failures), metrics_(metrics), inbox_(inbox),
        preparations_(client, std::move(inbox)) {}

  // A pod that has been assumed on the node.
  void begin(QueuedPod queued, Lane& lane, const std::string& node, Instant began);
  // How the pod was seen last; false when it is not on its way.
  bool refresh(const std::shared_ptr<const corev1::Pod>& pod);
  // The pod is gone.
  void drop(std::string_view uid);

  // Messages of the inbox.
  void prepared(const Message& answer) { preparations_.told(answer); }
  void bound(const Message& answer);
  // The caches have changed.
  void look_again() { preparations_.look_again(); }
  // Goes on with the pods whose preparation has ended. True when there were any.
  bool go_on(Instant now);
  // When go_on() will have something to do, whatever comes through the inbox.
  std::optional<Instant> deadline() const { return preparations_.deadline(); }

  // Pods on their way.
  std::size_t size() const { return all_.size(); }

 private:
  // While the node is prepared, and then while the binding is on the way.
  struct Binding {
    QueuedPod queued;
    Lane* lane;
    const Extender* extender;  // that binds it …
    std::string_view plugin;   // … or which plugin does
    std::string node;
    Instant began, sent;
  };
  bool reserve(QueuedPod& queued, Lane& lane, const std::string& node, Instant began);
  void unreserve(const Binding& binding);
  void send(QueuedPod queued, Lane& lane, const std::string& node, Instant began);
  const Extender* binder_of(const corev1::Pod& pod) const;
  void send_by_plugin(Binding binding);
  void give_back(Binding binding, const std::string& why);
  Binding take(StringMap<Binding>::iterator at);

  informer::Client& client_;
  Clock& clock_;
  NodeTable& table_;
  const Extenders& extenders_;
  SchedulingQueue& queue_;
  Failures& failures_;
  SchedulerMetrics& metrics_;
  const std::shared_ptr<Inbox> inbox_;
  Preparations preparations_;
  StringMap<Binding> all_;  // by UID
};

}  // namespace plumb::scheduler
