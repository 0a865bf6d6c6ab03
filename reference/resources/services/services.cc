#include <set>
#include <string>

#include "reference/api/types/corev1.h"
#include "reference/resources/services/carry_over.h"
#include "reference/resources/services/service_rules.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

void set_affinity(corev1::ServiceSpec& spec) {
  if (spec.sessionAffinity.empty()) spec.sessionAffinity = "None";
  if (spec.sessionAffinity == "None") spec.sessionAffinityConfig.reset();
  if (spec.sessionAffinity != "ClientIP") return;
  auto& client = spec.sessionAffinityConfig.ensure().clientIP.ensure();
  if (!client.timeoutSeconds) client.timeoutSeconds = 10800;
}

std::string load_balancer_addresses(const corev1::Service& service) {
  std::set<std::string> addresses;
  for (const auto& ingress : service.status.loadBalancer.ingress)
    if (const auto& one = ingress.ip.empty() ? ingress.hostname : ingress.ip; !one.empty()) addresses.insert(one.str());
  return first_of_many({addresses.begin(), addresses.end()}, addresses.size());
}

std::string external_address(const corev1::Service& service) {
  const auto& spec = service.spec;
  const std::string given = join(spec.externalIPs, ",");
  if (spec.type == "ClusterIP" || spec.type == "NodePort") return or_else(given, "<none>");
  if (spec.type == "ExternalName") return spec.externalName.str();
  if (spec.type != "LoadBalancer") return "<unknown>";
  const std::string balanced = load_balancer_addresses(service);
  if (given.empty()) return or_else(balanced, "<pending>");
  return balanced.empty() ? given : balanced + "," + given;
}

std::string ports_text(const corev1::ServiceSpec& spec) {
  std::string out;
  for (const auto& port : spec.ports) {
    if (!out.empty()) out += ',';
    out += std::to_string(port.port);
    if (port.nodePort > 0) out += ":" + std::to_string(port.nodePort);
    out += "/" + port.protocol.str();
  }
  return or_else(out, "<none>");
}

class Services final : public Typed<corev1::Service> {
 public:
  Services() : Typed(Names{"services", "service", {"svc"}, {"all"}, true}) {}
  NameRule name_rule() const override { return NameRule::dns1035_label; }
  std::vector<std::string_view> subresources() const override { return {"proxy"}; }
  std::string storage_prefix() const override { return "services/specs"; }
  bool has_generation() const override { return false; }
  std::vector<std::string_view> selectable_field_names() const override { return {"spec.clusterIP", "spec.type"}; }
  std::vector<Column> columns() const override {
    return {name_column(),
            text_column("Type", "How the service is reached."),
            text_column("Cluster-IP", "The address inside the cluster."),
            text_column("External-IP", "Addresses from outside."),
            text_column("Port(s)", "The ports served."),
            age_column(),
            text_column("Selector", "The pods behind the service.", 1)};
  }

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
  void on_create(corev1::Service& service) const override { complete_cluster_ips(service.spec); }
  void on_update(corev1::Service& next, const corev1::Service& previous) const override {
    keep_allocated(next.spec, previous.spec);
    drop_type_dependent(next, previous);
  }
  void check(const corev1::Service& service, FieldErrors& errors) const override { check_service(service, errors); }
  void check_update(const corev1::Service& next, const corev1::Service& previous, FieldErrors& errors) const override {
    check_service_update(next, previous, errors);
  }
  void check_status_update(const corev1::Service& next, const corev1::Service&, FieldErrors& errors) const override { check_service_status(next, errors); }
  std::vector<Cell> cells(const corev1::Service& service, WallTime now) const override {
    const auto& addresses = service.spec.clusterIPs;
    return {service.metadata.name,
            service.spec.type,
            addresses.empty() ? or_else(service.spec.clusterIP, "<none>") : addresses.front().str(),
            external_address(service),
            ports_text(service.spec),
            age(service, now),
            format_labels(service.spec.selector)};
  }
  std::vector<SelectableField> fields_of(const corev1::Service& service) const override {
    return {{"spec.clusterIP", service.spec.clusterIP.str()}, {"spec.type", service.spec.type.str()}};
  }
};

const Registered<Resource> registered_services{"services", [] { return std::make_unique<Services>(); }};

}  // namespace
}  // namespace plumb::resources
