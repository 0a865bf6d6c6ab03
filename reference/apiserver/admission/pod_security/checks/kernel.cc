// The kernel's parameters, and how much of /proc is hidden.
#include "harness/base/encoding.h"
#include "reference/apiserver/admission/pod_security/check.h"

namespace plumb::apiserver::pod_security {
namespace {

struct SafeSysctl {
  std::string_view name;
  int since;
};
constexpr SafeSysctl safe_sysctls[] = {
    {"kernel.shm_rmid_forced", 0},
    {"net.ipv4.ip_local_port_range", 0},
    {"net.ipv4.tcp_syncookies", 0},
    {"net.ipv4.ping_group_range", 0},
    {"net.ipv4.ip_unprivileged_port_start", 0},
    {"net.ipv4.ip_local_reserved_ports", 27},
    {"net.ipv4.tcp_keepalive_time", 29},
    {"net.ipv4.tcp_fin_timeout", 29},
    {"net.ipv4.tcp_keepalive_intvl", 29},
    {"net.ipv4.tcp_keepalive_probes", 29},
    {"net.ipv4.tcp_rmem", 32},
    {"net.ipv4.tcp_wmem", 32},
    {"net.ipv4.tcp_slow_start_after_idle", 37},
    {"net.ipv4.tcp_notsent_lowat", 37},
};

bool is_safe(std::string_view name, int minor) {
  for (const SafeSysctl& each : safe_sysctls)
    if (each.name == name) return each.since <= minor;
  return false;
}

Check::Revision sysctls_of(int minor) {
  return {minor, [minor](const PodView& pod) -> std::optional<Finding> {
            std::vector<std::string> unsafe;
            for (const corev1::Sysctl& each : pod.security.sysctls)
              if (!is_safe(each.name, minor)) unsafe.push_back(each.name.str());
            if (unsafe.empty()) return std::nullopt;
            return Finding{"forbidden sysctls", join(unsafe, ", ")};
          }};
}

std::optional<Finding> unmasked_proc(const PodView& pod) {
  Culprits culprits;
  Texts kinds;
  for (const ContainerView& container : pod.containers) {
    const auto& kind = container.security.procMount;
    if (!kind || *kind == corev1::DefaultProcMount) continue;
    culprits.add(container.name);
    kinds.insert(kind->str());
  }
  if (culprits.empty()) return std::nullopt;
  return Finding{"procMount", culprits.text() + " must not set securityContext.procMount to " + quoted(kinds)};
}

std::optional<Finding> unmasked_proc_of_the_host(const PodView& pod) { return pod.has_user_namespace() ? std::nullopt : unmasked_proc(pod); }

const Registered<Check> sysctls{"sysctls", [] { return baseline({sysctls_of(0), sysctls_of(27), sysctls_of(29), sysctls_of(32), sysctls_of(37)}); }};
const Registered<Check> proc{"procMount", [] { return baseline({{0, unmasked_proc}, {35, unmasked_proc_of_the_host}}); }};
const Registered<Check> any_proc{"procMount_restricted", [] { return restricted({{35, unmasked_proc}}, "procMount"); }};

}  // namespace
}  // namespace plumb::apiserver::pod_security
