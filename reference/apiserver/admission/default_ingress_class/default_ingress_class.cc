// DefaultIngressClass: an Ingress that names no class gets the one that is marked as the default; of several, the newest.
#include "reference/api/types/networkingv1.h"
#include "reference/apiserver/admission/plugin.h"

namespace plumb::apiserver {
namespace {

constexpr std::string_view default_annotation = "ingressclass.kubernetes.io/is-default-class";
constexpr std::string_view class_annotation = "kubernetes.io/ingress.class";  // how Ingresses named theirs before the field came

api::ObjectPtr default_class(const ClusterView& cluster) {
  api::ObjectPtr newest;
  const auto newer = [](const metav1::ObjectMeta& a, const metav1::ObjectMeta& b) {
    return a.creationTimestamp == b.creationTimestamp ? a.name < b.name : a.creationTimestamp.wall() > b.creationTimestamp.wall();
  };
  for (const api::ObjectPtr& each : cluster.list(networkingv1::IngressClass::info(), {})) {
    if (each->metadata.annotations.get(default_annotation) != "true") continue;
    if (!newest || newer(each->metadata, newest->metadata)) newest = each;
  }
  return newest;
}

class DefaultIngressClass final : public AdmissionPlugin {
 public:
  int order() const override { return 80; }

  Refusal mutate(AdmissionRequest& request, const ClusterView& cluster) const override {
    if (request.operation != Operation::create || !request.subresource.empty() || &request.resource.type() != &networkingv1::Ingress::info()) return std::nullopt;
    auto& ingress = static_cast<networkingv1::Ingress&>(*request.object);
    if (ingress.spec.ingressClassName || ingress.metadata.annotations.contains(class_annotation)) return std::nullopt;
    if (const api::ObjectPtr chosen = default_class(cluster)) ingress.spec.ingressClassName = chosen->metadata.name;
    return std::nullopt;
  }
};

const Registered<AdmissionPlugin> registered_default_ingress_class{"DefaultIngressClass", [] { return std::make_unique<DefaultIngressClass>(); }};

}  // namespace
}  // namespace plumb::apiserver
