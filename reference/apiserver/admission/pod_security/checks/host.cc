// What belongs to the host: its namespaces, its ports, and addresses that the kubelet would call on a pod's behalf.
#include "harness/base/encoding.h"
#include "reference/apiserver/admission/pod_security/check.h"

namespace plumb::apiserver::pod_security {
namespace {

std::optional<Finding> host_namespaces(const PodView& pod) {
  std::vector<std::string> used;
  if (pod.spec.hostNetwork) used.emplace_back("hostNetwork=true");
  if (pod.spec.hostPID) used.emplace_back("hostPID=true");
  if (pod.spec.hostIPC) used.emplace_back("hostIPC=true");
  if (used.empty()) return std::nullopt;
  return Finding{"host namespaces", join(used, ", ")};
}

std::optional<Finding> host_ports(const PodView& pod) {
  Culprits culprits;
  Texts ports;
  for (const ContainerView& container : pod.containers) {
    bool uses = false;
    for (const corev1::ContainerPort& port : container.ports) {
      if (port.hostPort == 0) continue;
      uses = true;
      ports.insert(std::to_string(port.hostPort));
    }
    if (uses) culprits.add(container.name);
  }
  if (culprits.empty()) return std::nullopt;
  return Finding{"hostPort", culprits.text() + (culprits.one_container() ? " uses " : " use ") + (ports.size() == 1 ? "hostPort " : "hostPorts ") + join({ports.begin(), ports.end()}, ", ")};
}

template <class Handler>
void add_hosts(const Handler& handler, Texts& hosts) {
  if (handler.httpGet && !handler.httpGet->host.empty()) hosts.insert(handler.httpGet->host.str());
  if (handler.tcpSocket && !handler.tcpSocket->host.empty()) hosts.insert(handler.tcpSocket->host.str());
}

Texts hosts_of(const ContainerView& container) {
  Texts hosts;
  for (const corev1::Probe* probe : container.probes) add_hosts(probe->probeHandler, hosts);
  if (!container.lifecycle) return hosts;
  for (const auto* handler : {&container.lifecycle->postStart, &container.lifecycle->preStop})
    if (*handler) add_hosts(**handler, hosts);
  return hosts;
}

std::optional<Finding> probed_hosts(const PodView& pod) {
  Texts names, hosts;
  for (const ContainerView& container : pod.containers) {
    const Texts of_container = hosts_of(container);
    if (!of_container.empty()) names.emplace(container.name);
    hosts.insert(of_container.begin(), of_container.end());
  }
  if (names.empty()) return std::nullopt;
  Culprits culprits;
  for (const std::string& name : names) culprits.add(name);
  return Finding{"probe or lifecycle host", culprits.text() + (culprits.one_container() ? " uses " : " use ") +
                                                (hosts.size() == 1 ? "probe or lifecycle host " : "probe or lifecycle hosts ") + quoted(hosts)};
}

std::optional<Finding> host_process(const PodView& pod) {
  const auto sets = [](const auto& security) { return security.windowsOptions && security.windowsOptions->hostProcess.value_or(false); };
  Culprits culprits;
  if (sets(pod.security)) culprits.add_pod();
  for (const ContainerView& container : pod.containers)
    if (sets(container.security)) culprits.add(container.name);
  if (culprits.empty()) return std::nullopt;
  return Finding{"hostProcess", culprits.text() + " must not set securityContext.windowsOptions.hostProcess=true"};
}

const Registered<Check> namespaces{"hostNamespaces", [] { return baseline({{0, host_namespaces}}); }};
const Registered<Check> ports{"hostPorts", [] { return baseline({{0, host_ports}}); }};
const Registered<Check> probes{"hostProbesAndHostLifecycle", [] { return baseline({{34, probed_hosts}}); }};
const Registered<Check> processes{"windowsHostProcess", [] { return baseline({{0, host_process}}); }};

}  // namespace
}  // namespace plumb::apiserver::pod_security
