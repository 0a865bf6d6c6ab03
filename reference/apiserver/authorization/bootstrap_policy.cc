#include "reference/apiserver/authorization/bootstrap_policy.h"

#include "harness/base/encoding.h"

namespace plumb::apiserver {
namespace {

// `aggregated_to`: the roles that have these rules, too, comma-separated, by the label rbac.authorization.k8s.io/aggregate-to-<role>; `aggregates`: it has those
// of all roles that are labelled for it, kept by the controller manager.
struct Role {
  std::string name;
  std::vector<Grant> grants;
  std::string aggregated_to = {};
  bool aggregates = false;
};
struct Binding {
  const char* role;
  const char* kind;
  const char* subject;
};

constexpr const char* read = "get,list,watch";
constexpr const char* write = "create,delete,deletecollection,patch,update";
constexpr const char* all = "create,delete,deletecollection,get,list,patch,update,watch";

const std::vector<Grant> view = {
    {read, "core", "configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status"},
    {read, "core", "bindings,events,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status,namespaces"},
    {read, "discovery.k8s.io", "endpointslices"},
    {read, "apps", "controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status"},
    {read, "autoscaling", "horizontalpodautoscalers,horizontalpodautoscalers/status"},
    {read, "batch", "cronjobs,cronjobs/status,jobs,jobs/status"},
    {read, "policy", "poddisruptionbudgets,poddisruptionbudgets/status"},
    {read, "networking.k8s.io", "ingresses,ingresses/status,networkpolicies"},
};
const std::vector<Grant> edit = {
    {read, "core", "pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy"},
    {"impersonate", "core", "serviceaccounts"},
    {write, "core", "pods,pods/attach,pods/exec,pods/portforward,pods/proxy"},
    {"create", "core", "pods/eviction"},
    {write, "core", "configmaps,events,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy"},
    {"create", "core", "serviceaccounts/token"},
    {write, "apps", "daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale"},
    {write, "autoscaling", "horizontalpodautoscalers"},
    {write, "batch", "cronjobs,jobs"},
    {write, "policy", "poddisruptionbudgets"},
    {write, "networking.k8s.io", "ingresses,networkpolicies"},
    {all, "coordination.k8s.io", "leases"},
};
const std::vector<Grant> admin = {
    {"create", "authorization.k8s.io", "localsubjectaccessreviews"},
    {all, "rbac.authorization.k8s.io", "rolebindings,roles"},
};

std::vector<Grant> joined(std::initializer_list<const std::vector<Grant>*> parts) {
  std::vector<Grant> out;
  for (const auto* part : parts) out.insert(out.end(), part->begin(), part->end());
  return out;
}

std::vector<Role> cluster_roles() {
  return {
      {"cluster-admin", {{"*", "*", "*"}, {"*", "", "/*"}}},
      {"admin", joined({&edit, &view, &admin}), "", true},
      {"edit", joined({&edit, &view}), "admin", true},
      {"view", view, "edit", true},
      {"system:aggregate-to-admin", admin, "admin"},
      {"system:aggregate-to-edit", edit, "edit"},
      {"system:aggregate-to-view", view, "view"},
      {"system:aggregated-metrics-reader", {{read, "metrics.k8s.io", "nodes,pods"}}, "view,edit,admin"},
      {"system:discovery", {{"get", "", "/api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/"}}},
      {"system:public-info-viewer", {{"get", "", "/healthz,/livez,/readyz,/version,/version/"}}},
      {"system:monitoring", {{"get", "", "/healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*"}}},
      {"system:basic-user",
       {{"create", "authorization.k8s.io", "selfsubjectaccessreviews,selfsubjectrulesreviews"}, {"create", "authentication.k8s.io", "selfsubjectreviews"}}},
      {"system:service-account-issuer-discovery", {{"get", "", "/.well-known/openid-configuration,/.well-known/openid-configuration/,/openid/v1/jwks,/openid/v1/jwks/"}}},
      {"system:auth-delegator", {{"create", "authentication.k8s.io", "tokenreviews"}, {"create", "authorization.k8s.io", "subjectaccessreviews"}}},
      {"system:kubelet-api-admin", {{read, "core", "nodes"}, {"proxy", "core", "nodes"}, {"*", "core", "nodes/log,nodes/metrics,nodes/proxy,nodes/stats"}}},
      {"system:node-proxier",
       {{"list,watch", "core", "endpoints,services"}, {read, "core", "nodes"}, {"create,patch,update", "core", "events"}, {"create,patch,update", "events.k8s.io", "events"}, {"list,watch", "discovery.k8s.io", "endpointslices"}, {"list,watch", "networking.k8s.io", "servicecidrs"}}},
      // Not among upstream's: what enforcing NetworkPolicies in the proxy's process reads beyond it.
      {"plumbline:network-policy", {{"list,watch", "core", "namespaces,pods"}, {"list,watch", "networking.k8s.io", "networkpolicies"}}},
      {"system:kube-scheduler",
       {records_events, {"create", "coordination.k8s.io", "leases"}, {"get,update", "coordination.k8s.io", "leases", "kube-scheduler"}, {read, "core", "nodes"}, {"delete,get,list,watch", "core", "pods"},
        {"create", "core", "bindings,pods/binding"}, {"patch,update", "core", "pods/status"}, {read, "core", "replicationcontrollers,services,namespaces"},
        {read, "apps", "replicasets,statefulsets"}, {read, "policy", "poddisruptionbudgets"}, {read, "core", "persistentvolumeclaims,persistentvolumes"},
        {"create", "authentication.k8s.io", "tokenreviews"}, {"create", "authorization.k8s.io", "subjectaccessreviews"},
        {read, "storage.k8s.io", "csinodes,csidrivers,csistoragecapacities,storageclasses,volumeattachments"}, {read, "scheduling.k8s.io", "priorityclasses"}}},
      {"system:volume-scheduler",
       {{"get,list,patch,update,watch", "core", "persistentvolumes"}, {read, "storage.k8s.io", "storageclasses"}, {"get,list,patch,update,watch", "core", "persistentvolumeclaims"}}},
      // Caches, leader election, and the accounts that the controllers act as.
      {"system:kube-controller-manager",
       {records_events, {"create", "coordination.k8s.io", "leases"}, {"get,update", "coordination.k8s.io", "leases", "kube-controller-manager"},
        {"create", "core", "secrets,serviceaccounts"}, {"delete", "core", "secrets"}, {"get", "core", "configmaps,namespaces,secrets,serviceaccounts"},
        {"update", "core", "secrets,serviceaccounts"}, {"create", "authentication.k8s.io", "tokenreviews"},
        {"create", "authorization.k8s.io", "subjectaccessreviews"}, {"list,watch", "*", "*"}, {"create", "core", "serviceaccounts/token"}}},
      {"system:certificates.k8s.io:certificatesigningrequests:nodeclient", {{"create", "certificates.k8s.io", "certificatesigningrequests/nodeclient"}}},
      {"system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", {{"create", "certificates.k8s.io", "certificatesigningrequests/selfnodeclient"}}},
      {"system:node-bootstrapper", {{"create,get,list,watch", "certificates.k8s.io", "certificatesigningrequests"}}},
      {"system:node", {}},
  };
}

std::vector<Binding> cluster_role_bindings() {
  return {
      {"cluster-admin", "Group", "system:masters"},
      {"system:discovery", "Group", "system:authenticated"},
      {"system:basic-user", "Group", "system:authenticated"},
      {"system:public-info-viewer", "Group", "system:authenticated"},
      {"system:public-info-viewer", "Group", "system:unauthenticated"},
      {"system:monitoring", "Group", "system:monitoring"},
      {"system:service-account-issuer-discovery", "Group", "system:serviceaccounts"},
      {"system:node-proxier", "User", "system:kube-proxy"},
      {"plumbline:network-policy", "User", "system:kube-proxy"},
      {"system:kube-scheduler", "User", "system:kube-scheduler"},
      {"system:volume-scheduler", "User", "system:kube-scheduler"},
      {"system:kube-controller-manager", "User", "system:kube-controller-manager"},
      {"system:kubelet-api-admin", "User", "system:kube-apiserver:kubelet-client"},
  };
}

api::List<api::Str> words(std::string_view text) {
  api::List<api::Str> out;
  for (const std::string_view word : split(text, ',')) out.push_back(word == "core" ? api::Str("") : api::Str(word));
  return out;
}

void mark(metav1::ObjectMeta& metadata) {
  metadata.labels.set("kubernetes.io/bootstrapping", "rbac-defaults");
  metadata.annotations.set("rbac.authorization.kubernetes.io/autoupdate", "true");
}

std::shared_ptr<rbacv1::ClusterRole> role_object(const std::string& name, const std::vector<Grant>& grants) {
  auto made = std::make_shared<rbacv1::ClusterRole>();
  made->metadata.name = api::Str(name);
  mark(made->metadata);
  for (const Grant& grant : grants) made->rules.push_back(rule_of(grant));
  return made;
}

std::shared_ptr<rbacv1::ClusterRole> role_object(const Role& role) {
  const std::string label = "rbac.authorization.k8s.io/aggregate-to-";
  auto made = role_object(role.name, role.grants);
  if (!role.aggregated_to.empty())
    for (const std::string_view to : split(role.aggregated_to, ',')) made->metadata.labels.set(label + std::string(to), "true");
  if (role.aggregates) made->aggregationRule.ensure().clusterRoleSelectors.emplace_back().matchLabels.set(label + role.name, "true");
  return made;
}

std::shared_ptr<rbacv1::ClusterRoleBinding> binding_object(const std::string& role) {
  auto made = std::make_shared<rbacv1::ClusterRoleBinding>();
  made->metadata.name = api::Str(role);
  mark(made->metadata);
  made->roleRef.apiGroup = "rbac.authorization.k8s.io";
  made->roleRef.kind = "ClusterRole";
  made->roleRef.name = api::Str(role);
  return made;
}

void add(const PolicySource& source, std::vector<std::shared_ptr<api::Object>>& out) {
  for (const PolicyRole& each : source.roles()) {
    out.push_back(role_object(each.name, each.grants));
    auto binding = binding_object(each.name);
    rbacv1::Subject& subject = binding->subjects.emplace_back();
    subject.kind = api::Str(each.kind);
    subject.name = api::Str(each.subject);
    if (each.kind == "ServiceAccount")
      subject.namespace_ = "kube-system";
    else
      subject.apiGroup = "rbac.authorization.k8s.io";
    out.push_back(std::move(binding));
  }
}

}  // namespace

rbacv1::PolicyRule rule_of(const Grant& grant) {
  rbacv1::PolicyRule rule;
  rule.verbs = words(grant.verbs);
  if (grant.resources.starts_with('/')) {
    rule.nonResourceURLs = words(grant.resources);
  } else {
    rule.apiGroups = words(grant.groups);
    rule.resources = words(grant.resources);
    if (!grant.names.empty()) rule.resourceNames = words(grant.names);
  }
  return rule;
}

std::vector<std::shared_ptr<api::Object>> bootstrap_policy() {
  std::vector<std::shared_ptr<api::Object>> out;
  for (const Role& role : cluster_roles()) out.push_back(role_object(role));
  std::shared_ptr<rbacv1::ClusterRoleBinding> last;
  for (const Binding& binding : cluster_role_bindings()) {
    // Neighbours of one role are one binding with several subjects.
    if (!last || last->roleRef.name != binding.role) {
      last = binding_object(binding.role);
      out.push_back(last);
    }
    rbacv1::Subject& subject = last->subjects.emplace_back();
    subject.kind = binding.kind;
    subject.apiGroup = "rbac.authorization.k8s.io";
    subject.name = binding.subject;
  }
  for (const auto& [name, make] : plumb::Registry<PolicySource>::all()) add(*make(), out);
  return out;
}

}  // namespace plumb::apiserver
