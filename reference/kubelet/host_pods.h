// Pods on this machine: their folders, volumes, hosts file, name resolution, environment, security settings and cgroups, as CRI configs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/kubelet/pod_cgroups.h"
#include "reference/kubelet/pod_host.h"
#include "reference/kubelet/volumes/volumes.h"

namespace plumb::kubelet {

struct HostPodsOptions {
  std::string root_dir = "/var/lib/kubelet";
  std::string pod_log_dir = "/var/log/pods";
  std::string cgroup_root;  // in every hierarchy; empty: the hierarchy's own root
  std::string node_name, node_ip;
  std::vector<std::string> cluster_dns;
  std::string cluster_domain = "cluster.local";
  std::string resolv_conf = "/etc/resolv.conf";
  std::int64_t milli_cpu = 0, memory_bytes = 0, storage_bytes = 0, max_pods = 110;  // what pods may use
  api::Map<api::Str> node_labels;                                                   // for node selectors
  std::function<Result<Variables>(const corev1::Pod& pod)> service_variables;       // none when empty
};

class HostPods final : public PodHost {
 public:
  HostPods(HostPodsOptions options, ReferencedObjects& objects, cri::Runtime& runtime);

  Status admit(const corev1::Pod& pod, const std::vector<PodPtr>& others, const corev1::Node* node) override;
  Status set_up(const PodPtr& pod) override;
  Result<cri::SandboxConfig> sandbox_config(const corev1::Pod& pod, std::uint32_t attempt) override;
  Result<cri::ContainerConfig> container_config(const corev1::Pod& pod, const corev1::Container& container, std::uint32_t attempt,
                                                const std::vector<std::string>& ips) override;
  std::string termination_message(const corev1::Pod& pod, const corev1::Container& container, const ContainerRun& run) override;
  Result<std::vector<cri::RegistryAuth>> registry_auths(const corev1::Pod& pod, const std::string& image) override;
  Status tear_down(const corev1::Pod& pod) override;
  void remove(const corev1::Pod& pod) override;

  // Brings files that follow from objects, labels and annotations up to date.
  Status refresh(const corev1::Pod& pod);
  std::string log_dir(const corev1::Pod& pod) const;
  // UIDs of pods with a folder on this machine, and what to do with those that the API no longer knows: their volumes go, then the folders.
  std::vector<std::string> pods_on_disk() const { return volumes_.pods_on_disk(); }
  void remove_remains(const std::string& uid);

 private:
  FieldContext fields(const corev1::Pod& pod, std::vector<std::string> ips = {}) const;
  Status add_mounts(const corev1::Pod& pod, const corev1::Container& container, const Variables& variables, cri::ContainerConfig& config);
  Status add_devices(const corev1::Pod& pod, const corev1::Container& container, cri::ContainerConfig& config);
  Status add_hosts_file(const corev1::Pod& pod, const corev1::Container& container, const std::vector<std::string>& ips, cri::ContainerConfig& config);
  Status add_termination_file(const corev1::Pod& pod, const corev1::Container& container, std::uint32_t attempt, cri::ContainerConfig& config);
  Status check_non_root(const corev1::Pod& pod, const corev1::Container& container);
  void name_resolution(const corev1::Pod& pod, cri::SandboxConfig& config) const;

  const HostPodsOptions options_;
  ReferencedObjects& objects_;
  cri::Runtime& runtime_;
  Volumes volumes_;
  PodCgroups cgroups_;
};

}  // namespace plumb::kubelet
