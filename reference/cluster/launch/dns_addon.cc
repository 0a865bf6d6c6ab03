#include "reference/cluster/launch/dns_addon.h"

#include <poll.h>

#include "reference/api/codec/json.h"
#include "reference/api/types/appsv1.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/rbacv1.h"
#include "reference/cluster/image/oci.h"

namespace plumb::cluster {
namespace {

constexpr char managed_by[] = "app.kubernetes.io/managed-by", us[] = "plumbline";
constexpr int retry_ms = 20;

constexpr char account[] = R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"kube-dns","namespace":"kube-system",
  "labels":{"app.kubernetes.io/managed-by":"plumbline"}}})";

constexpr char role[] = R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"system:kube-dns",
  "labels":{"app.kubernetes.io/managed-by":"plumbline"}},
  "rules":[{"apiGroups":[""],"resources":["services","namespaces","pods"],"verbs":["list","watch"]},
           {"apiGroups":["discovery.k8s.io"],"resources":["endpointslices"],"verbs":["list","watch"]}]})";

constexpr char binding[] = R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"system:kube-dns",
  "labels":{"app.kubernetes.io/managed-by":"plumbline"}},
  "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"system:kube-dns"},
  "subjects":[{"kind":"ServiceAccount","name":"kube-dns","namespace":"kube-system"}]})";

std::string service() {
  return R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"kube-dns","namespace":"kube-system",
  "labels":{"app.kubernetes.io/managed-by":"plumbline","k8s-app":"kube-dns","kubernetes.io/cluster-service":"true","kubernetes.io/name":"KubeDNS"},
  "annotations":{"prometheus.io/port":"9153","prometheus.io/scrape":"true"}},
  "spec":{"selector":{"k8s-app":"kube-dns"},"clusterIP":")" +
         std::string(kDnsServiceIp) + R"(","ports":[{"name":"dns","port":53,"protocol":"UDP","targetPort":53},
    {"name":"dns-tcp","port":53,"protocol":"TCP","targetPort":53},{"name":"metrics","port":9153,"protocol":"TCP","targetPort":9153}]}})";
}

// It resolves names as its node does, or it would ask itself; the memory limit is CoreDNS' in kubeadm.
std::string deployment() {
  return R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"kube-dns","namespace":"kube-system",
  "labels":{"app.kubernetes.io/managed-by":"plumbline","k8s-app":"kube-dns"}},
  "spec":{"replicas":1,"selector":{"matchLabels":{"k8s-app":"kube-dns"}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1}},
  "template":{"metadata":{"labels":{"k8s-app":"kube-dns"}},"spec":{
    "serviceAccountName":"kube-dns","dnsPolicy":"Default","priorityClassName":"system-cluster-critical","nodeSelector":{"kubernetes.io/os":"linux"},
    "terminationGracePeriodSeconds":5,
    "tolerations":[{"key":"CriticalAddonsOnly","operator":"Exists"},{"key":"node-role.kubernetes.io/control-plane","effect":"NoSchedule"}],
    "containers":[{"name":"dns","image":")" +
         std::string(kDnsImage) + R"(","imagePullPolicy":"IfNotPresent","args":["--cluster-domain",")" + kClusterDomain + R"("],
      "ports":[{"name":"dns","containerPort":53,"protocol":"UDP"},{"name":"dns-tcp","containerPort":53,"protocol":"TCP"},
               {"name":"metrics","containerPort":9153,"protocol":"TCP"}],
      "resources":{"requests":{"cpu":"50m","memory":"32Mi"},"limits":{"memory":"170Mi"}},
      "startupProbe":{"httpGet":{"path":"/ready","port":8181},"periodSeconds":1,"failureThreshold":60},
      "readinessProbe":{"httpGet":{"path":"/ready","port":8181},"periodSeconds":10},
      "livenessProbe":{"httpGet":{"path":"/health","port":8080},"periodSeconds":10,"timeoutSeconds":5,"failureThreshold":5},
      "securityContext":{"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,"capabilities":{"add":["NET_BIND_SERVICE"],"drop":["ALL"]}}}]}}}})";
}

// Looked for first: a Service of that name would be refused for its address, which is taken, before it is for its name.
Status apply(informer::Client& client, const DnsObject& wanted) {
  const auto object = PLUMB_TRY(api::decode_json(*wanted.type, wanted.json));
  const auto& resource = informer::resource_of(*wanted.type);
  const auto existing = client.call(informer::get_request(resource, object->metadata.namespace_, object->metadata.name));
  if (!existing.ok()) {
    if (!informer::is_not_found(existing.error())) return existing.error();
    PLUMB_TRY(client.call(informer::create_request(object)));
    return {};
  }
  const api::Str* owner = (*existing)->metadata.labels.find(managed_by);
  if (!owner || *owner != us) return {};
  PLUMB_TRY(client.call(informer::patch_request(resource, object->metadata.namespace_, object->metadata.name, informer::PatchType::merge, wanted.json)));
  return {};
}

Status named(Status done, const DnsObject& wanted) {
  if (done.ok()) return done;
  return Error(done.error()).in("making the name server's " + std::string(wanted.type->name) + "; `plumb up --dns=false` goes without");
}

}  // namespace

const std::vector<DnsObject>& dns_objects() {
  static const std::vector<DnsObject> objects = {{&corev1::ServiceAccount::info(), account},
                                                 {&rbacv1::ClusterRole::info(), role},
                                                 {&rbacv1::ClusterRoleBinding::info(), binding},
                                                 {&corev1::Service::info(), service()},
                                                 {&appsv1::Deployment::info(), deployment()}};
  return objects;
}

Status apply_dns(informer::Client& client, Instant deadline) {
  for (const DnsObject& wanted : dns_objects()) {
    Status done = apply(client, wanted);
    // The first start makes the namespace and the roles after it has begun to serve.
    while (!done.ok() && (informer::is_not_found(done.error()) || done.error().code == Code::unavailable) && real_clock().now() < deadline) {
      poll(nullptr, 0, retry_ms);
      done = apply(client, wanted);
    }
    PLUMB_TRY(named(std::move(done), wanted));
  }
  return {};
}

Status remove_dns(informer::Client& client) {
  for (const DnsObject& one : dns_objects()) {
    const auto object = PLUMB_TRY(api::decode_json(*one.type, one.json));
    const auto& resource = informer::resource_of(*one.type);
    const auto existing = client.call(informer::get_request(resource, object->metadata.namespace_, object->metadata.name));
    if (!existing.ok() && informer::is_not_found(existing.error())) continue;
    const api::Str* owner = PLUMB_TRY(existing)->metadata.labels.find(managed_by);
    if (!owner || *owner != us) continue;
    const auto removed = client.call(informer::remove_request(resource, object->metadata.namespace_, object->metadata.name));
    if (!removed.ok() && !informer::is_not_found(removed.error())) return removed.error();
  }
  return {};
}

}  // namespace plumb::cluster
