// Keeps the pods of one node as the API wants them: a worker a pod, which asks decide() what to do, does it, and reports the status.
//
// Workers are driven by events alone: changes of pods, events of the runtime, outcomes of probes, timers. Calls that wait run on the
// executor, so that any number of pods makes progress at once; in one pod containers start one after the other, in order. A worker that
// waits for nothing costs no thread and no timer: one process holds very many (see Hollow).
//
// The runtime is the truth about containers: a kubelet that starts again adopts what runs, and removes what belongs to no pod.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "reference/cri/runtime.h"
#include "reference/informer/client.h"
#include "reference/informer/event_recorder.h"
#include "reference/kubelet/executor.h"
#include "reference/kubelet/pod_host.h"
#include "reference/kubelet/pod_start_times.h"
#include "reference/kubelet/probes.h"

namespace plumb::kubelet {

class PodWorker;

// What workers use. All of it outlives them.
struct NodeServices {
  Clock& clock;
  informer::Client& client;
  cri::Runtime& runtime;
  Executor& executor;
  PodHost& host;
  ProbeRunner* probes = nullptr;             // none: a container is ready when it runs
  informer::EventRecorder* events = nullptr;  // none: no events
  std::string node_name = {}, host_ip = {};
  PodStartTimes* starts = nullptr;            // none: nobody asks how long pods take to start
};

// What the kubelet's server shows of a pod.
struct PodView {
  PodPtr pod;
  std::string sandbox_id;
  std::vector<std::string> ips;
  struct Container {
    std::string name;
    std::optional<ContainerRun> current, previous;
  };
  std::vector<Container> containers;
};

class PodWorkers {
 public:
  explicit PodWorkers(NodeServices services);
  ~PodWorkers();  // stops taking part; what runs goes on running. Work under way must have ended: stop the executor first.

  // Takes over what the runtime has; to be called once, before the first pod. Blocks.
  Status adopt();
  // A pod of this node, new or changed. None is refused before the Node was read anew: what was set just before the pod was bound counts.
  void update(PodPtr pod);
  // It is gone from the API.
  void removed(const corev1::Pod& pod);
  // All pods of the node have been told once: what was adopted and belongs to none of them is ended.
  void remove_orphans();
  // Compares with the runtime: the safety net for events that were missed. Blocks.
  void relist();

  // What a ConfigMap or Secret is to pods that wait for it: volumes that failed are tried again at once.
  void retry_waiting();

  std::vector<PodPtr> pods() const;
  // UIDs of these pods and of those that only the runtime has.
  std::set<std::string> uids() const;
  std::optional<PodView> view(std::string_view namespace_, std::string_view name) const;
  std::size_t size() const;

 private:
  friend class PodWorker;
  struct Core;
  std::shared_ptr<Core> core_;
  std::unique_ptr<cri::Subscription> subscription_;
};

}  // namespace plumb::kubelet
