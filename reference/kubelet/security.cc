#include "reference/kubelet/security.h"

#include <algorithm>

namespace plumb::kubelet {
namespace {

// What a container does not get to see, or not to write, of /proc and /sys unless procMount is Unmasked.
const std::vector<std::string> kMasked = {"/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                                          "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
                                          "/sys/devices/virtual/powercap"};
const std::vector<std::string> kReadonly = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

std::optional<cri::SecurityProfile> seccomp(const corev1::SeccompProfile* profile) {
  if (!profile) return std::nullopt;
  if (profile->type == "RuntimeDefault") return cri::SecurityProfile{cri::SecurityProfile::Type::runtime_default, ""};
  if (profile->type == "Localhost")
    return cri::SecurityProfile{cri::SecurityProfile::Type::localhost, "/var/lib/kubelet/seccomp/" + profile->localhostProfile.value_or("").str()};
  return cri::SecurityProfile{cri::SecurityProfile::Type::unconfined, ""};
}

cri::NamespaceOptions namespaces(const corev1::Pod& pod) {
  using Mode = cri::NamespaceMode;
  cri::NamespaceOptions options;
  if (pod.spec.hostNetwork) options.network = Mode::node;
  if (pod.spec.hostIPC) options.ipc = Mode::node;
  if (pod.spec.hostPID) options.pid = Mode::node;
  else if (pod.spec.shareProcessNamespace.value_or(false)) options.pid = Mode::pod;
  return options;
}

void add_groups(const corev1::Pod& pod, std::vector<std::int64_t>& groups) {
  if (!pod.spec.securityContext) return;
  const auto& security = *pod.spec.securityContext;
  groups.assign(security.supplementalGroups.begin(), security.supplementalGroups.end());
  if (security.fsGroup) groups.push_back(*security.fsGroup);
}

template <class T>
std::optional<T> first_of(const api::Opt<T>& a, const api::Opt<T>& b) {
  if (a) return *a;
  if (b) return *b;
  return std::nullopt;
}

}  // namespace

cri::ContainerSecurity container_security(const corev1::Pod& pod, const corev1::Container& container) {
  static const corev1::SecurityContext no_own{};
  static const corev1::PodSecurityContext no_pod{};
  const auto& own = container.securityContext ? *container.securityContext : no_own;
  const auto& whole = pod.spec.securityContext ? *pod.spec.securityContext : no_pod;
  cri::ContainerSecurity result;
  result.privileged = own.privileged.value_or(false);
  result.readonly_rootfs = own.readOnlyRootFilesystem.value_or(false);
  result.no_new_privs = own.allowPrivilegeEscalation.has_value() && !*own.allowPrivilegeEscalation;
  result.run_as_user = first_of(own.runAsUser, whole.runAsUser);
  result.run_as_group = first_of(own.runAsGroup, whole.runAsGroup);
  add_groups(pod, result.supplemental_groups);
  if (own.capabilities) {
    for (const auto& item : own.capabilities->add) result.add_capabilities.push_back(item.str());
    for (const auto& item : own.capabilities->drop) result.drop_capabilities.push_back(item.str());
  }
  result.seccomp = seccomp(own.seccompProfile ? own.seccompProfile.get() : whole.seccompProfile.get());
  if (result.privileged) result.seccomp = cri::SecurityProfile{cri::SecurityProfile::Type::unconfined, ""};
  if (!result.privileged && own.procMount.value_or("Default") != "Unmasked") {
    result.masked_paths = kMasked;
    result.readonly_paths = kReadonly;
  }
  result.namespaces = namespaces(pod);
  return result;
}

void add_sandbox_security(const corev1::Pod& pod, cri::SandboxConfig& config) {
  config.namespaces = namespaces(pod);
  add_groups(pod, config.supplemental_groups);
  for (const auto& container : pod.spec.containers) config.privileged |= container.securityContext && container.securityContext->privileged.value_or(false);
  for (const auto& container : pod.spec.initContainers)
    config.privileged |= container.securityContext && container.securityContext->privileged.value_or(false);
  if (!pod.spec.securityContext) return;
  const auto& security = *pod.spec.securityContext;
  if (security.runAsUser) config.run_as_user = *security.runAsUser;
  if (security.runAsUser && security.runAsGroup) config.run_as_group = *security.runAsGroup;
  config.seccomp = seccomp(security.seccompProfile.get());
  for (const auto& sysctl : security.sysctls) config.sysctls[sysctl.name.str()] = sysctl.value.str();
}

}  // namespace plumb::kubelet
