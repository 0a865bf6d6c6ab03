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
  api::Map<api::Str> labels;
  api::List<corev1::Taint> taints;
  std::string provider_id;
  // The status as it is now; called often, on any thread, must not block. Conditions need no times.
  std::function<corev1::NodeStatus()> status;
};

struct NodeAgentOptions {
  Duration lease_interval = std::chrono::seconds(10), lease_duration = std::chrono::seconds(40);
  Duration status_interval = std::chrono::seconds(10), report_interval = std::chrono::minutes(5);
  Duration initial_delay{};  // spreads the work of many nodes
};

class NodeAgent {
 public:
  NodeAgent(informer::Client& client, Clock& clock, NodeDescription description, NodeAgentOptions options = {});
  ~NodeAgent();  // says nothing to the API: the lease runs out

  void start();
  bool registered() const;
  // The status may have changed: look now.
  void poke();

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

// Labels every node has: hostname, os, arch.
api::Map<api::Str> standard_node_labels(std::string_view node_name);

// The four conditions of a node in good health; with a reason why not, Ready is False.
api::List<corev1::NodeCondition> node_conditions(const std::string& not_ready_message);

}  // namespace plumb::kubelet
