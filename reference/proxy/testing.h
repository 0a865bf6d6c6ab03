// Services and slices for tests of the proxy, made in few words.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/proxy/service_port.h"

namespace plumb::proxy::testing {

inline std::shared_ptr<corev1::Service> service(const std::string& name, const std::string& cluster_ip, int port = 80, const std::string& protocol = "TCP") {
  auto made = std::make_shared<corev1::Service>();
  made->metadata.namespace_ = "ns";
  made->metadata.name = name;
  made->spec.type = "ClusterIP";
  made->spec.clusterIP = cluster_ip;
  made->spec.clusterIPs = {cluster_ip};
  made->spec.internalTrafficPolicy = "Cluster";
  corev1::ServicePort one;
  one.name = "web";
  one.port = port;
  one.protocol = protocol;
  made->spec.ports = {one};
  return made;
}

struct At {
  std::string ip, node;
  bool ready = true, serving = true, terminating = false;
};

inline std::shared_ptr<discoveryv1::EndpointSlice> slice(const std::string& service, const std::vector<At>& endpoints, int port = 8080, const std::string& protocol = "TCP",
                                                         const std::string& name = "") {
  auto made = std::make_shared<discoveryv1::EndpointSlice>();
  made->metadata.namespace_ = "ns";
  made->metadata.name = name.empty() ? service + "-1" : name;
  made->metadata.labels.set("kubernetes.io/service-name", service);
  made->addressType = !endpoints.empty() && endpoints[0].ip.find(':') != std::string::npos ? "IPv6" : "IPv4";
  discoveryv1::EndpointPort at;
  at.name = "web";
  at.protocol = protocol.c_str();
  at.port = port;
  made->ports = {at};
  std::vector<discoveryv1::Endpoint> list;
  for (const At& one : endpoints) {
    discoveryv1::Endpoint endpoint;
    endpoint.addresses = {one.ip};
    endpoint.conditions.ready = one.ready;
    endpoint.conditions.serving = one.serving;
    endpoint.conditions.terminating = one.terminating;
    if (!one.node.empty()) endpoint.nodeName = one.node.c_str();
    list.push_back(endpoint);
  }
  made->endpoints = api::List<discoveryv1::Endpoint>(list.begin(), list.end());
  return made;
}

inline api::Ip ip(const std::string& text) { return *api::Ip::parse(text); }
inline api::IpRange range(const std::string& text) { return *api::IpRange::parse(text); }

}  // namespace plumb::proxy::testing
