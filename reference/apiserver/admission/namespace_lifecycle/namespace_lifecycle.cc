// NamespaceLifecycle: nothing is created in a namespace that is missing or going, and the namespaces the cluster needs stay.
#include <algorithm>

#include "reference/api/types/corev1.h"
#include "reference/apiserver/admission/plugin.h"

namespace plumb::apiserver {
namespace {

constexpr std::string_view needed_namespaces[] = {"default", "kube-system", "kube-public"};

class NamespaceLifecycle final : public AdmissionPlugin {
 public:
  int order() const override { return 10; }

  Refusal mutate(AdmissionRequest& request, const ClusterView& cluster) const override {
    const GroupResource resource{request.resource.group(), request.resource.names().plural};
    if (&request.resource.type() == &corev1::Namespace::info()) {
      const bool needed = std::find(std::begin(needed_namespaces), std::end(needed_namespaces), request.name) != std::end(needed_namespaces);
      if (request.operation == Operation::remove && needed) return status::forbidden(resource, request.name, "this namespace may not be deleted");
      return std::nullopt;
    }
    if (request.operation != Operation::create || !request.resource.names().namespaced || request.resource.is_virtual()) return std::nullopt;
    const auto found = cluster.get<corev1::Namespace>({}, request.namespace_);
    if (!found) return status::not_found({"", "namespaces"}, request.namespace_);
    if (found->status.phase != corev1::NamespaceTerminating && !found->metadata.deletionTimestamp) return std::nullopt;
    const std::string name(request.namespace_);
    metav1::Status refused = status::forbidden(resource, request.name, "unable to create new content in namespace " + name + " because it is being terminated");
    metav1::StatusCause& cause = refused.details.ensure().causes.emplace_back();
    cause.reason = "NamespaceTerminating";
    cause.message = "namespace " + name + " is being terminated";
    cause.field = "metadata.namespace";
    return refused;
  }
};

const Registered<AdmissionPlugin> registered_namespace_lifecycle{"NamespaceLifecycle", [] { return std::make_unique<NamespaceLifecycle>(); }};

}  // namespace
}  // namespace plumb::apiserver
