#include "reference/apiserver/authorization/node.h"

#include "reference/api/types/corev1.h"

namespace plumb::apiserver {
namespace {

constexpr std::string_view nodes_group = "system:nodes";
constexpr std::string_view node_prefix = "system:node:";

struct Rule {
  std::string_view group, resource;  // with "/subresource"
  std::string_view verbs;            // comma-separated
};
// Upstream's NodeRules, but for what through_a_pod() decides.
constexpr Rule rules_of_nodes[] = {
    {"authentication.k8s.io", "tokenreviews", "create"},
    {"authorization.k8s.io", "subjectaccessreviews", "create"},
    {"authorization.k8s.io", "localsubjectaccessreviews", "create"},
    {"", "services", "get,list,watch"},
    {"", "nodes", "create,get,list,watch,update,patch"},
    {"", "nodes/status", "update,patch"},
    {"", "events", "create,update,patch"},
    {"events.k8s.io", "events", "create,update,patch"},
    {"", "pods", "get,list,watch,create,delete"},
    {"", "pods/status", "update,patch"},
    {"", "pods/eviction", "create"},
    {"", "endpoints", "get"},
    {"", "persistentvolumeclaims/status", "get,update,patch"},
    {"certificates.k8s.io", "certificatesigningrequests", "create,get,list,watch"},
    {"coordination.k8s.io", "leases", "get,create,update,patch,delete"},
    {"storage.k8s.io", "volumeattachments", "get"},
    {"storage.k8s.io", "csidrivers", "get,list,watch"},
    {"storage.k8s.io", "csinodes", "get,create,update,patch,delete"},
    {"node.k8s.io", "runtimeclasses", "get,list,watch"},
    {"resource.k8s.io", "resourceclaims", "get"},
    {"resource.k8s.io", "resourceslices", "deletecollection,create,get,list,watch,update,patch,delete"},
};

bool lists(std::string_view verbs, std::string_view verb) {
  for (;;) {
    const std::size_t comma = verbs.find(',');
    if (verbs.substr(0, comma) == verb) return true;
    if (comma == std::string_view::npos) return false;
    verbs.remove_prefix(comma + 1);
  }
}

bool env_names(const corev1::Container& container, bool secret, std::string_view name) {
  for (const corev1::EnvFromSource& from : container.envFrom) {
    if (secret && from.secretRef && from.secretRef->localObjectReference.name == name) return true;
    if (!secret && from.configMapRef && from.configMapRef->localObjectReference.name == name) return true;
  }
  for (const corev1::EnvVar& variable : container.env) {
    if (!variable.valueFrom) continue;
    if (secret && variable.valueFrom->secretKeyRef && variable.valueFrom->secretKeyRef->localObjectReference.name == name) return true;
    if (!secret && variable.valueFrom->configMapKeyRef && variable.valueFrom->configMapKeyRef->localObjectReference.name == name) return true;
  }
  return false;
}

bool projected_names(const corev1::ProjectedVolumeSource& projected, bool secret, std::string_view name) {
  for (const corev1::VolumeProjection& source : projected.sources) {
    if (secret && source.secret && source.secret->localObjectReference.name == name) return true;
    if (!secret && source.configMap && source.configMap->localObjectReference.name == name) return true;
  }
  return false;
}

bool pod_names(const corev1::Pod& pod, std::string_view resource, std::string_view name) {
  const bool secret = resource == "secrets";
  if (resource == "serviceaccounts") return pod.spec.serviceAccountName == name;
  for (const corev1::Volume& volume : pod.spec.volumes) {
    const corev1::VolumeSource& source = volume.volumeSource;
    if (resource == "persistentvolumeclaims") {
      if (source.persistentVolumeClaim && source.persistentVolumeClaim->claimName == name) return true;
      continue;
    }
    if (secret && source.secret && source.secret->secretName == name) return true;
    if (!secret && source.configMap && source.configMap->localObjectReference.name == name) return true;
    if (source.projected && projected_names(*source.projected, secret, name)) return true;
  }
  if (resource == "persistentvolumeclaims") return false;
  if (secret)
    for (const corev1::LocalObjectReference& pull : pod.spec.imagePullSecrets)
      if (pull.name == name) return true;
  for (const auto* containers : {&pod.spec.containers, &pod.spec.initContainers})
    for (const corev1::Container& container : *containers)
      if (env_names(container, secret, name)) return true;
  return false;
}

}  // namespace

Verdict NodeAuthorizer::through_a_pod(const Attributes& attributes, std::string_view node) const {
  if (attributes.name.empty()) return {Decision::no_opinion, "can only read resource of this type by name"};
  for (const api::ObjectPtr& object : cluster_.list(corev1::Pod::info(), attributes.namespace_)) {
    const auto& pod = static_cast<const corev1::Pod&>(*object);
    if (pod.spec.nodeName == node && pod_names(pod, attributes.resource, attributes.name)) return {Decision::allow, ""};
  }
  return {Decision::no_opinion, "no relationship found between node '" + std::string(node) + "' and this object"};
}

Verdict NodeAuthorizer::authorize(const Attributes& a) {
  if (!a.is_resource || !a.user->in_group(nodes_group) || !a.user->name.starts_with(node_prefix)) return {};
  const std::string_view node = std::string_view(a.user->name).substr(node_prefix.size());
  const bool reads = a.verb == "get" || a.verb == "list" || a.verb == "watch";
  if (a.group.empty()) {
    const bool guarded = a.resource == "secrets" || a.resource == "configmaps" || a.resource == "persistentvolumeclaims";
    if (guarded && a.subresource.empty()) return reads ? through_a_pod(a, node) : Verdict{};
    if (a.resource == "serviceaccounts" && a.subresource == "token") return a.verb == "create" ? through_a_pod(a, node) : Verdict{};
    if (a.resource == "persistentvolumes" && a.subresource.empty() && a.verb == "get") return {Decision::allow, ""};
  }
  const std::string resource = std::string(a.resource) + (a.subresource.empty() ? "" : "/" + std::string(a.subresource));
  for (const Rule& rule : rules_of_nodes)
    if (rule.group == a.group && rule.resource == resource && lists(rule.verbs, a.verb)) return {Decision::allow, ""};
  return {};
}

}  // namespace plumb::apiserver
