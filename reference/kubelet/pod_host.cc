#include "reference/kubelet/pod_host.h"

namespace plumb::kubelet {

cri::SandboxConfig basic_sandbox_config(const corev1::Pod& pod, std::uint32_t attempt) {
  const auto& meta = pod.metadata;
  cri::SandboxConfig config;
  config.metadata = {meta.name.str(), meta.uid.str(), meta.namespace_.str(), attempt};
  config.labels = {{label::kPodName, meta.name.str()}, {label::kPodNamespace, meta.namespace_.str()}, {label::kPodUid, meta.uid.str()}};
  if (pod.spec.hostNetwork) config.namespaces.network = cri::NamespaceMode::node;
  return config;
}

cri::ContainerConfig basic_container_config(const corev1::Pod& pod, const corev1::Container& container, std::uint32_t attempt) {
  const auto& meta = pod.metadata;
  cri::ContainerConfig config;
  config.name = container.name.str();
  config.attempt = attempt;
  config.image = container.image.str();
  config.labels = {{label::kPodName, meta.name.str()}, {label::kPodNamespace, meta.namespace_.str()}, {label::kPodUid, meta.uid.str()},
                   {label::kContainerName, config.name}};
  config.annotations = {{label::kRestartCount, std::to_string(attempt)}, {label::kContainerImage, config.image}};
  config.log_path = config.name + "/" + std::to_string(attempt) + ".log";
  return config;
}

}  // namespace plumb::kubelet
