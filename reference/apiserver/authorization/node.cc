#include "reference/apiserver/authorization/node.h"

#include "reference/api/types/corev1.h"
#include "reference/apiserver/authorization/pod_references.h"

namespace plumb::apiserver {
namespace {

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

std::optional<Referenced> referenced(std::string_view resource) {
  if (resource == "secrets") return Referenced::secret;
  if (resource == "configmaps") return Referenced::config_map;
  if (resource == "persistentvolumeclaims") return Referenced::claim;
  if (resource == "serviceaccounts") return Referenced::service_account;
  return std::nullopt;
}

}  // namespace

Verdict NodeAuthorizer::through_a_pod(const Attributes& attributes, std::string_view node) const {
  if (attributes.name.empty()) return {Decision::no_opinion, "can only read resource of this type by name"};
  const bool volume = attributes.resource == "persistentvolumes";
  const auto wanted = volume ? Referenced::claim : *referenced(attributes.resource);
  for (const api::ObjectPtr& object : cluster_.list(corev1::Pod::info(), attributes.namespace_)) {
    const auto& pod = static_cast<const corev1::Pod&>(*object);
    if (pod.spec.nodeName != node) continue;
    const bool found = any_reference(pod, [&](Referenced what, std::string_view name) {
      if (what != wanted) return false;
      if (!volume) return name == attributes.name;
      const auto claim = cluster_.get<corev1::PersistentVolumeClaim>(pod.metadata.namespace_, name);
      return claim && claim->spec.volumeName == attributes.name;
    });
    if (found) return {Decision::allow, ""};
  }
  return {Decision::no_opinion, "no relationship found between node '" + std::string(node) + "' and this object"};
}

Verdict NodeAuthorizer::authorize(const Attributes& a) {
  const auto found = a.is_resource ? node_name(*a.user) : std::nullopt;
  if (!found) return {};
  const std::string_view node = *found;
  if (a.group.empty()) {
    const bool reads = a.verb == "get" || a.verb == "list" || a.verb == "watch";
    const bool guarded = a.resource == "secrets" || a.resource == "configmaps" || a.resource == "persistentvolumeclaims";
    if (guarded && a.subresource.empty()) return reads ? through_a_pod(a, node) : Verdict{};
    if (a.resource == "serviceaccounts" && a.subresource == "token") return a.verb == "create" ? through_a_pod(a, node) : Verdict{};
    if (a.resource == "persistentvolumes" && a.subresource.empty()) return a.verb == "get" ? through_a_pod(a, node) : Verdict{};
  }
  const std::string resource = std::string(a.resource) + (a.subresource.empty() ? "" : "/" + std::string(a.subresource));
  for (const Rule& rule : rules_of_nodes)
    if (rule.group == a.group && rule.resource == resource && lists(rule.verbs, a.verb)) return {Decision::allow, ""};
  return {};
}

}  // namespace plumb::apiserver
