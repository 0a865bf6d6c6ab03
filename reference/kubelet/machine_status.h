// status of the node that this machine is: capacity, allocatable, conditions, addresses, system facts, images.
#pragma once

#include <memory>
#include <string>

#include "reference/api/types/corev1.h"
#include "reference/cri/runtime.h"

namespace plumb::kubelet {

struct MachineFacts {
  std::int64_t milli_cpu = 0, memory_bytes = 0, storage_bytes = 0, max_pods = 110;
  // What is left for pods: upstream's default eviction thresholds (100 Mi of memory, a tenth of the disk) taken off.
  std::int64_t allocatable_memory() const { return memory_bytes - (std::int64_t{100} << 20); }
  std::int64_t allocatable_storage() const { return storage_bytes / 10 * 9; }
};
MachineFacts machine_facts(const std::string& root_dir, int max_pods);

struct MachineStatusOptions {
  MachineFacts facts;
  std::string node_name, node_ip, root_dir;
  std::uint16_t kubelet_port = 10250;
};

// Made from the machine and from what the runtime said last; refresh() asks the runtime (blocks), status() does not. Safe from any thread.
class MachineStatus {
 public:
  MachineStatus(MachineStatusOptions options, cri::Runtime& runtime);
  ~MachineStatus();
  void refresh();
  corev1::NodeStatus status() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plumb::kubelet
