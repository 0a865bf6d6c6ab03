// Tells the API about one node: registers it, keeps its status and its lease current. Everything is asynchronous, so that one process does
// it for very many nodes. As upstream: the lease is renewed every 10 s and lasts 40 s, the status is reported when it has changed, looked
// at every 10 s, and every five minutes in any case.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "reference/api/types/corev1.h"
#include "reference/informer/client.h"

namespace plumb::kubelet {

struct NodeDescription {
  std::string name;
  api::Map<api::Str> labels, annotations;
  api::List<corev1::Taint> taints;
  std::string provider_id;
  // The status as it is now; called often, on any thread, must not block. Conditions need no times.
  // Extended resources that others put into the Node's capacity are kept beside it, and are allocatable.
  std::function<corev1::NodeStatus()> status;
  // May be empty. A condition that is new, or whose status changed, is about to be reported; called on any thread, must not block.
  std::function<void(const corev1::NodeCondition&)> transition;
};

struct NodeAgentOptions {
  Duration lease_interval = std::chrono::seconds(10), lease_duration = std::chrono::seconds(40);
  Duration status_interval = std::chrono::seconds(10), report_interval = std::chrono::minutes(5);
  // Spread the work of many nodes: when to register, and when to renew the lease for the first time (zero: after lease_interval).
  Duration initial_delay{}, first_renewal{};
};

class NodeAgent {
 public:
  NodeAgent(informer::Client& client, Clock& clock, NodeDescription description, NodeAgentOptions options = {});
  ~NodeAgent();  // says nothing to the API: the lease runs out

  void start();
  bool registered() const;
  // The status may have changed: look now.
  void poke();
  // The own Node as a watch shows it: a change that others made is answered at once.
  void saw(std::shared_ptr<const corev1::Node> node);

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

// Whether a name is that of an extended resource: one with a domain that is not Kubernetes' own.
bool is_extended_resource(std::string_view name);

// Labels every node has: hostname, os, arch.
api::Map<api::Str> standard_node_labels(std::string_view node_name);

// The four conditions of a node in good health; with a reason why not, Ready is False.
api::List<corev1::NodeCondition> node_conditions(const std::string& not_ready_message);

}  // namespace plumb::kubelet
