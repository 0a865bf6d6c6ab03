#include "reference/kubelet/service_environment.h"

#include <cctype>
#include <map>
#include <utility>

namespace plumb::kubelet {
namespace {

std::string variable_name(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

bool has_address(const corev1::Service& service) { return !service.spec.clusterIP.empty() && service.spec.clusterIP != "None"; }

// The older form, by protocol and port, as container links had it.
void add_links(Variables& variables, const std::string& name, const corev1::Service& service) {
  const std::string ip = service.spec.clusterIP.str(), host = ip.find(':') == std::string::npos ? ip : "[" + ip + "]";
  bool first = true;
  for (const corev1::ServicePort& port : service.spec.ports) {
    std::string protocol = port.protocol.empty() ? "tcp" : port.protocol.str();
    for (char& c : protocol) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const std::string number = std::to_string(port.port), url = protocol + "://" + host + ":" + number;
    if (std::exchange(first, false)) variables.emplace_back(name + "_PORT", url);
    const std::string prefix = name + "_PORT_" + number + "_" + variable_name(protocol);
    variables.emplace_back(prefix, url);
    variables.emplace_back(prefix + "_PROTO", protocol);
    variables.emplace_back(prefix + "_PORT", number);
    variables.emplace_back(prefix + "_ADDR", ip);
  }
}

void add(Variables& variables, const corev1::Service& service) {
  const std::string name = variable_name(service.metadata.name);
  variables.emplace_back(name + "_SERVICE_HOST", service.spec.clusterIP.str());
  if (!service.spec.ports.empty()) variables.emplace_back(name + "_SERVICE_PORT", std::to_string(service.spec.ports[0].port));
  for (const corev1::ServicePort& port : service.spec.ports)
    if (!port.name.empty()) variables.emplace_back(name + "_SERVICE_PORT_" + variable_name(port.name), std::to_string(port.port));
  add_links(variables, name, service);
}

}  // namespace

Variables service_environment(const std::vector<std::shared_ptr<const corev1::Service>>& services, const corev1::Pod& pod) {
  const bool links = pod.spec.enableServiceLinks.value_or(true);
  std::map<std::string_view, const corev1::Service*> told;  // by name
  for (const auto& service : services) {
    if (!has_address(*service)) continue;
    const bool own = links && service->metadata.namespace_ == pod.metadata.namespace_;
    const bool servers = service->metadata.namespace_ == "default" && service->metadata.name == "kubernetes";
    if (own) told[service->metadata.name.view()] = service.get();
    else if (servers) told.emplace(service->metadata.name.view(), service.get());
  }
  Variables variables;
  for (const auto& [name, service] : told) add(variables, *service);
  return variables;
}

}  // namespace plumb::kubelet
