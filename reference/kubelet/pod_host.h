// What a pod needs of its node besides the runtime: folders, volumes, environment, cgroups. HostPods (host_pods.h) makes them on this
// machine; a simulated node has next to nothing of it.
//
// All calls may block and are made from worker threads, for one pod one at a time. They are idempotent: a kubelet that starts again calls
// set_up for pods that are set up. An error's `reason`, where it has one, is what the container's waiting state shows.
#pragma once

#include <string>

#include "reference/cri/runtime.h"
#include "reference/kubelet/pod_state.h"

namespace plumb::kubelet {

class PodHost {
 public:
  virtual ~PodHost() = default;

  // Empty when the node takes the pod beside `others`; else why not, as `reason` ("OutOfcpu") and message. `node` is the Node as the API
  // has it now; without it the labels and resources that the kubelet itself gave the node count. Must not block.
  virtual Status admit(const corev1::Pod& pod, const std::vector<PodPtr>& others, const corev1::Node* node) = 0;
  virtual Status set_up(const PodPtr& pod) = 0;
  virtual Result<cri::SandboxConfig> sandbox_config(const corev1::Pod& pod, std::uint32_t attempt) = 0;
  virtual Result<cri::ContainerConfig> container_config(const corev1::Pod& pod, const corev1::Container& container, std::uint32_t attempt,
                                                        const std::vector<std::string>& ips) = 0;
  // What the container left as its last words; empty when nothing.
  virtual std::string termination_message(const corev1::Pod& pod, const corev1::Container& container, const ContainerRun& run) = 0;
  virtual Result<std::vector<cri::RegistryAuth>> registry_auths(const corev1::Pod& pod, const std::string& image) = 0;
  // The pod has stopped: volumes go. Its logs stay.
  virtual Status tear_down(const corev1::Pod& pod) = 0;
  // The pod is gone: folders, logs and cgroup go.
  virtual void remove(const corev1::Pod& pod) = 0;
};

// The labels and annotations by which the kubelet knows its containers again; upstream's.
namespace label {
inline constexpr char kPodName[] = "io.kubernetes.pod.name";
inline constexpr char kPodNamespace[] = "io.kubernetes.pod.namespace";
inline constexpr char kPodUid[] = "io.kubernetes.pod.uid";
inline constexpr char kContainerName[] = "io.kubernetes.container.name";
inline constexpr char kRestartCount[] = "io.kubernetes.container.restartCount";
inline constexpr char kContainerImage[] = "io.plumbline.container.image";  // as the pod asked for it
}  // namespace label

// Name, labels and log path: what every sandbox and container has, on a real node and on a simulated one.
cri::SandboxConfig basic_sandbox_config(const corev1::Pod& pod, std::uint32_t attempt);
cri::ContainerConfig basic_container_config(const corev1::Pod& pod, const corev1::Container& container, std::uint32_t attempt);

}  // namespace plumb::kubelet
