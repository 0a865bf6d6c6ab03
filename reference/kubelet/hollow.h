// Simulated nodes, thousands in one process: each has the kubelet's own pod workers over a runtime in memory. One watch of all pods feeds
// them all, one pool of threads works for them all, and a pod that runs costs nothing but its memory.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "reference/informer/client.h"
#include "reference/kubelet/usage.h"

namespace plumb::kubelet {

struct HollowOptions {
  int nodes = 1;
  std::string name_prefix = "hollow-node-";
  int cpus = 8, memory_gib = 32, pods = 110;   // of each node
  Duration pod_start_delay{};                  // what starting a container takes
  bool events = false;                         // record events of pods, as a real kubelet does
  std::size_t threads = 4;
  // Where the nodes' kubelets are served (hollow_server.h); unset: nowhere.
  std::optional<std::uint16_t> kubelet_port;
};

class HollowNodes {
 public:
  HollowNodes(informer::Client& client, Clock& clock, HollowOptions options);
  ~HollowNodes();

  // Registers the nodes; pods are taken from then on. Answers at once.
  void start();
  std::size_t registered() const;
  std::size_t pods() const;
  // Of the node of that number; nullopt where there is none.
  std::optional<NodeUsage> usage(int index) const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace plumb::kubelet
