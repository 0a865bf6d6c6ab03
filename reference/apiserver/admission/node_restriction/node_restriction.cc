// NodeRestriction: a kubelet changes its own Node, and within limits; the status of, and the tokens for, pods that are bound to it; leases
// of its own name; and it makes no pods but mirrors of those it runs by itself.
#include <algorithm>

#include "reference/api/types/authenticationv1.h"
#include "reference/api/types/coordinationv1.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/policyv1.h"
#include "reference/api/types/storagev1.h"
#include "reference/api/walk.h"
#include "reference/apiserver/admission/plugin.h"
#include "reference/apiserver/authorization/pod_references.h"

namespace plumb::apiserver {
namespace {

constexpr std::string_view mirror_annotation = "kubernetes.io/config.mirror";
constexpr std::string_view lease_namespace = "kube-node-lease";

// Labels below kubernetes.io and k8s.io that a kubelet may set, and domains of such.
constexpr std::string_view kubelet_labels[] = {
    "kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
    "node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type", "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region"};
constexpr std::string_view kubelet_domains[] = {"kubelet.kubernetes.io", "node.kubernetes.io"};

bool is_within(std::string_view domain, std::string_view parent) {
  return domain == parent || (domain.size() > parent.size() && domain.ends_with(parent) && domain[domain.size() - parent.size() - 1] == '.');
}

bool is_protected(std::string_view label) {
  const std::size_t slash = label.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view domain = label.substr(0, slash);
  if (is_within(domain, "node-restriction.kubernetes.io")) return true;
  if (!is_within(domain, "kubernetes.io") && !is_within(domain, "k8s.io")) return false;
  if (std::find(std::begin(kubelet_labels), std::end(kubelet_labels), label) != std::end(kubelet_labels)) return false;
  return std::none_of(std::begin(kubelet_domains), std::end(kubelet_domains), [&](std::string_view allowed) { return is_within(domain, allowed); });
}

// The protected labels in which the two differ, sorted.
std::string protected_changes(const api::Map<api::Str>& wanted, const api::Map<api::Str>& present) {
  std::vector<std::string> keys;
  const auto compare = [&](const api::Map<api::Str>& one, const api::Map<api::Str>& other) {
    for (const auto& [key, value] : one) {
      const api::Str* found = other.find(key);
      if ((!found || *found != value) && is_protected(key)) keys.push_back(key.str());
    }
  };
  compare(wanted, present);
  compare(present, wanted);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  std::string text;
  for (const std::string& key : keys) text += (text.empty() ? "" : ", ") + key;
  return text;
}

// One request of one node.
class Check {
 public:
  Check(const AdmissionRequest& request, const ClusterView& cluster, std::string_view node)
      : request_(request), cluster_(cluster), node_(node), quoted_("node \"" + node_ + "\"") {}

  Refusal run() const {
    const api::TypeInfo* type = &request_.resource.type();
    if (type == &corev1::Pod::info()) return pod();
    if (type == &corev1::Node::info()) return node();
    if (type == &corev1::PersistentVolumeClaim::info()) return claim();
    if (type == &corev1::ServiceAccount::info()) return token();
    if (type == &coordinationv1::Lease::info()) return lease();
    if (type == &storagev1::CSINode::info() && object_name() != node_) return refuse("can only access CSINode with the same name as the requesting node");
    return std::nullopt;
  }

 private:
  Refusal refuse(const std::string& why) const {
    return status::forbidden({request_.resource.group(), request_.resource.names().plural}, object_name(), why);
  }
  // At creation the name may stand in the object alone.
  std::string object_name() const {
    if (!request_.name.empty() || !request_.object) return std::string(request_.name);
    return request_.object->metadata.name.str();
  }

  Refusal pod() const {
    const bool plain = request_.subresource.empty();
    if (plain && request_.operation == Operation::create) return mirror_pod(static_cast<const corev1::Pod&>(*request_.object));
    if (plain && request_.operation == Operation::remove) return of_my_pod("can only delete pods with spec.nodeName set to itself");
    if (plain) return refuse("unexpected operation \"UPDATE\", " + quoted_ + " can only create and delete mirror pods");
    if (request_.subresource == "eviction") return of_my_pod("can only evict pods with spec.nodeName set to itself");
    if (request_.subresource != "status")
      return refuse("unexpected pod subresource \"" + std::string(request_.subresource) + "\", only 'status' and 'eviction' are allowed");
    if (auto refused = of_my_pod("can only update pod status for pods with spec.nodeName set to itself")) return refused;
    const auto &before = static_cast<const corev1::Pod&>(*request_.old), &after = static_cast<const corev1::Pod&>(*request_.object);
    if (!(before.metadata.labels == after.metadata.labels)) return refuse(quoted_ + " cannot update labels through pod status");
    if (!(before.status.resourceClaimStatuses == after.status.resourceClaimStatuses)) return refuse(quoted_ + " cannot update resource claim statues");
    return std::nullopt;
  }

  Refusal of_my_pod(const std::string& otherwise) const {
    const auto pod = request_.old ? nullptr : cluster_.get<corev1::Pod>(request_.namespace_, request_.name);
    const auto* found = request_.old ? static_cast<const corev1::Pod*>(request_.old) : pod.get();
    if (!found) return status::not_found({"", "pods"}, request_.name);
    if (found->spec.nodeName != node_) return refuse(quoted_ + " " + otherwise);
    return std::nullopt;
  }

  Refusal mirror_pod(const corev1::Pod& pod) const {
    if (!pod.metadata.annotations.contains(mirror_annotation))
      return refuse("pod does not have \"" + std::string(mirror_annotation) + "\" annotation, " + quoted_ + " can only create mirror pods");
    if (pod.spec.nodeName != node_) return refuse(quoted_ + " can only create pods with spec.nodeName set to itself");
    if (auto refused = owned_by_me(pod)) return refused;
    // It gives the node a reason to read what it names.
    static constexpr std::string_view words[] = {"secrets", "configmaps", "persistentvolumeclaims", "a service account"};
    Referenced named{};
    if (any_reference(pod, [&](Referenced what, std::string_view) { return named = what, true; }))
      return refuse(quoted_ + " can not create pods that reference " + std::string(words[static_cast<int>(named)]));
    return std::nullopt;
  }

  Refusal owned_by_me(const corev1::Pod& pod) const {
    if (pod.metadata.ownerReferences.size() > 1) return refuse(quoted_ + " can only create pods with a single owner reference set to itself");
    if (pod.metadata.ownerReferences.empty()) return refuse(quoted_ + " can only create pods with an owner reference set to itself");
    const metav1::OwnerReference& owner = pod.metadata.ownerReferences[0];
    if (owner.apiVersion != "v1" || owner.kind != "Node" || owner.name != node_)
      return refuse(quoted_ + " can only create pods with an owner reference set to itself");
    if (!owner.controller.value_or(false)) return refuse(quoted_ + " can only create pods with a controller owner reference set to itself");
    if (owner.blockOwnerDeletion.value_or(false)) return refuse(quoted_ + " must not set blockOwnerDeletion on an owner reference");
    const auto me = cluster_.get<corev1::Node>({}, node_);
    if (!me) return status::not_found({"", "nodes"}, node_);
    if (owner.uid != me->metadata.uid)
      return refuse("node " + node_ + " UID mismatch: expected " + owner.uid.str() + " got " + me->metadata.uid.str());
    return std::nullopt;
  }

  Refusal node() const {
    if (object_name() != node_) return refuse(quoted_ + " is not allowed to modify node \"" + object_name() + "\"");
    if (request_.operation == Operation::create) {
      const auto& made = static_cast<const corev1::Node&>(*request_.object);
      const std::string labels = protected_changes(made.metadata.labels, {});
      if (!labels.empty()) return refuse(quoted_ + " is not allowed to set the following labels: " + labels);
    }
    if (request_.operation == Operation::update) {
      const auto &before = static_cast<const corev1::Node&>(*request_.old), &after = static_cast<const corev1::Node&>(*request_.object);
      if (!(before.spec.taints == after.spec.taints)) return refuse(quoted_ + " is not allowed to modify taints");
      const std::string labels = protected_changes(after.metadata.labels, before.metadata.labels);
      if (!labels.empty()) return refuse("is not allowed to modify labels: " + labels);
    }
    return std::nullopt;
  }

  Refusal claim() const {
    if (request_.subresource != "status" || request_.operation != Operation::update) return refuse("may only update PVC status");
    auto before = api::clone(*request_.old), after = api::clone(*request_.object);
    for (auto* each : {&before, &after}) {
      auto& claim = static_cast<corev1::PersistentVolumeClaim&>(**each);
      claim.metadata.resourceVersion.reset();
      claim.metadata.managedFields.clear();
      claim.status.capacity.clear();
      claim.status.conditions.clear();
      claim.status.allocatedResources.clear();
      claim.status.allocatedResourceStatuses.clear();
    }
    if (!api::semantically_equal(*before, *after)) return refuse(quoted_ + " is not allowed to update fields other than status.capacity and status.conditions");
    return std::nullopt;
  }

  Refusal token() const {
    if (request_.operation != Operation::create || request_.subresource != "token") return std::nullopt;
    const auto& asked = static_cast<const authenticationv1::TokenRequest&>(*request_.object);
    const auto* bound = asked.spec.boundObjectRef.get();
    if (!bound || bound->apiVersion != "v1" || bound->kind != "Pod" || bound->name.empty()) return refuse("node requested token not bound to a pod");
    if (bound->uid.empty()) return refuse("node requested token with a pod binding without a uid");
    const auto pod = cluster_.get<corev1::Pod>(request_.namespace_, bound->name);
    if (!pod) return status::not_found({"", "pods"}, bound->name);
    if (bound->uid != pod->metadata.uid)
      return refuse("the UID in the bound object reference (" + bound->uid.str() + ") does not match the UID in record. The object might have been deleted and then recreated");
    if (pod->spec.nodeName != node_) return refuse("node requested token bound to a pod scheduled on a different node");
    return std::nullopt;
  }

  Refusal lease() const {
    if (request_.namespace_ != lease_namespace) return refuse("can only access leases in the \"" + std::string(lease_namespace) + "\" system namespace");
    if (object_name() != node_) return refuse("can only access node lease with the same name as the requesting node");
    return std::nullopt;
  }

  const AdmissionRequest& request_;
  const ClusterView& cluster_;
  const std::string node_, quoted_;
};

class NodeRestriction final : public AdmissionPlugin {
 public:
  int order() const override { return 45; }

  // On what would be stored: fields that a request may not change anyway are back to what they were.
  Refusal validate(const AdmissionRequest& request, const ClusterView& cluster) const override {
    const auto node = request.context.user ? node_name(*request.context.user) : std::nullopt;
    if (!node) return std::nullopt;
    return Check(request, cluster, *node).run();
  }
};

const Registered<AdmissionPlugin> registered_node_restriction{"NodeRestriction", [] { return std::make_unique<NodeRestriction>(); }};

}  // namespace
}  // namespace plumb::apiserver
