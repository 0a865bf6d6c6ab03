// Pods, namespaces and policies for tests, made in few words.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reference/policy/rules.h"

namespace plumb::policy::testing {

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline std::shared_ptr<corev1::Pod> pod(const std::string& namespace_, const std::string& name, const Pairs& labels, const std::string& node, const std::string& ip) {
  auto made = std::make_shared<corev1::Pod>();
  made->metadata.namespace_ = namespace_;
  made->metadata.name = name;
  for (const auto& [key, value] : labels) made->metadata.labels.set(key, value);
  made->spec.nodeName = node;
  made->status.phase = "Running";
  made->status.podIP = ip;
  return made;
}

inline void add_port(corev1::Pod& pod, const std::string& name, int number, const std::string& protocol = "TCP") {
  corev1::Container container;
  container.name = "c" + std::to_string(pod.spec.containers.size());
  corev1::ContainerPort port;
  port.name = name;
  port.containerPort = number;
  port.protocol = protocol;
  container.ports = {port};
  pod.spec.containers.push_back(container);
}

inline std::shared_ptr<corev1::Namespace> space(const std::string& name, const Pairs& labels = {}) {
  auto made = std::make_shared<corev1::Namespace>();
  made->metadata.name = name;
  for (const auto& [key, value] : labels) made->metadata.labels.set(key, value);
  return made;
}

inline metav1::LabelSelector with(const Pairs& labels) {
  metav1::LabelSelector selector;
  for (const auto& [key, value] : labels) selector.matchLabels.set(key, value);
  return selector;
}

inline networkingv1::NetworkPolicyPeer pods(const Pairs& labels) {
  networkingv1::NetworkPolicyPeer peer;
  peer.podSelector = with(labels);
  return peer;
}
inline networkingv1::NetworkPolicyPeer spaces(const Pairs& labels) {
  networkingv1::NetworkPolicyPeer peer;
  peer.namespaceSelector = with(labels);
  return peer;
}
inline networkingv1::NetworkPolicyPeer pods_of(const Pairs& namespace_labels, const Pairs& labels) {
  networkingv1::NetworkPolicyPeer peer = spaces(namespace_labels);
  peer.podSelector = with(labels);
  return peer;
}
inline networkingv1::NetworkPolicyPeer block(const std::string& cidr, const std::vector<std::string>& except = {}) {
  networkingv1::NetworkPolicyPeer peer;
  peer.ipBlock = networkingv1::IPBlock();
  peer.ipBlock->cidr = cidr;
  for (const std::string& one : except) peer.ipBlock->except.push_back(one);
  return peer;
}

inline networkingv1::NetworkPolicyPort port(api::IntOrString number, const std::string& protocol = "TCP", int end = 0) {
  networkingv1::NetworkPolicyPort made;
  made.protocol = api::Str(protocol);
  made.port = number;
  if (end) made.endPort = end;
  return made;
}

using Peers = std::vector<networkingv1::NetworkPolicyPeer>;
using Ports = std::vector<networkingv1::NetworkPolicyPort>;

inline std::shared_ptr<networkingv1::NetworkPolicy> policy(const std::string& namespace_, const std::string& name, const Pairs& selected, const std::vector<std::string>& types) {
  auto made = std::make_shared<networkingv1::NetworkPolicy>();
  made->metadata.namespace_ = namespace_;
  made->metadata.name = name;
  made->spec.podSelector = with(selected);
  for (const std::string& type : types) made->spec.policyTypes.push_back(type);
  return made;
}
inline void allow_from(networkingv1::NetworkPolicy& policy, const Peers& peers, const Ports& ports = {}) {
  networkingv1::NetworkPolicyIngressRule rule;
  for (const auto& peer : peers) rule.from.push_back(peer);
  for (const auto& one : ports) rule.ports.push_back(one);
  policy.spec.ingress.push_back(rule);
}
inline void allow_to(networkingv1::NetworkPolicy& policy, const Peers& peers, const Ports& ports = {}) {
  networkingv1::NetworkPolicyEgressRule rule;
  for (const auto& peer : peers) rule.to.push_back(peer);
  for (const auto& one : ports) rule.ports.push_back(one);
  policy.spec.egress.push_back(rule);
}

}  // namespace plumb::policy::testing
