#include <algorithm>

#include "reference/api/types/corev1.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

bool has_external_ips(const corev1::ServiceSpec& spec) { return spec.type == "ClusterIP" && !spec.externalIPs.empty(); }
bool is_externally_accessible(const corev1::ServiceSpec& spec) {
  return spec.type == "NodePort" || spec.type == "LoadBalancer" || has_external_ips(spec);
}

void set_affinity(corev1::ServiceSpec& spec) {
  if (spec.sessionAffinity.empty()) spec.sessionAffinity = "None";
  if (spec.sessionAffinity == "None") spec.sessionAffinityConfig.reset();
  if (spec.sessionAffinity != "ClientIP") return;
  auto& client = spec.sessionAffinityConfig.ensure().clientIP.ensure();
  if (!client.timeoutSeconds) client.timeoutSeconds = 10800;
}

class Services final : public Typed<corev1::Service> {
 public:
  Services() : Typed(Names{"services", "service", {"svc"}, {"all"}, true}) {}
  NameRule name_rule() const override { return NameRule::dns1035_label; }
  std::vector<std::string_view> subresources() const override { return {"proxy"}; }
  std::string storage_prefix() const override { return "services/specs"; }
  bool has_generation() const override { return false; }
  std::vector<std::string_view> selectable_field_names() const override { return {"spec.clusterIP", "spec.type"}; }

 protected:
  void defaults(corev1::Service& service) const override {
    auto& spec = service.spec;
    set_affinity(spec);
    if (spec.type.empty()) spec.type = "ClusterIP";
    for (auto& port : spec.ports) {
      if (port.protocol.empty()) port.protocol = "TCP";
      const bool unset = port.targetPort.is_string() ? port.targetPort.text.empty() : port.targetPort.number == 0;
      if (unset) port.targetPort = port.port;
    }
    if (is_externally_accessible(spec) && spec.externalTrafficPolicy.empty()) spec.externalTrafficPolicy = "Cluster";
    if (!spec.internalTrafficPolicy && spec.type != "ExternalName") spec.internalTrafficPolicy = "Cluster";
    if (spec.type != "LoadBalancer") return;
    if (!spec.allocateLoadBalancerNodePorts) spec.allocateLoadBalancerNodePorts = true;
    for (auto& ingress : service.status.loadBalancer.ingress)
      if (!ingress.ip.empty() && !ingress.ipMode) ingress.ipMode = "VIP";
  }
  std::vector<SelectableField> fields_of(const corev1::Service& service) const override {
    return {{"spec.clusterIP", service.spec.clusterIP.str()}, {"spec.type", service.spec.type.str()}};
  }
};

const Registered<Resource> registered{"services", [] { return std::make_unique<Services>(); }};

}  // namespace
}  // namespace plumb::resources
