#include "reference/api/types/networkingv1.h"
#include "reference/resources/networkpolicies/policy_rules.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class NetworkPolicies final : public Typed<networkingv1::NetworkPolicy> {
 public:
  NetworkPolicies() : Typed(Names{"networkpolicies", "networkpolicy", {"netpol"}, {}, true}) {}
  bool has_generation() const override { return true; }
  std::vector<Column> columns() const override { return {name_column(), text_column("Pod-Selector", "The pods it is about."), age_column()}; }

 protected:
  void defaults(networkingv1::NetworkPolicy& policy) const override {
    for (auto& rule : policy.spec.ingress)
      for (auto& port : rule.ports)
        if (!port.protocol) port.protocol = "TCP";
    for (auto& rule : policy.spec.egress)
      for (auto& port : rule.ports)
        if (!port.protocol) port.protocol = "TCP";
    if (!policy.spec.policyTypes.empty()) return;
    policy.spec.policyTypes.push_back("Ingress");
    if (!policy.spec.egress.empty()) policy.spec.policyTypes.push_back("Egress");
  }
  void check(const networkingv1::NetworkPolicy& policy, FieldErrors& errors) const override { check_network_policy(policy, errors); }
  std::vector<Cell> cells(const networkingv1::NetworkPolicy& policy, WallTime now) const override {
    return {policy.metadata.name, format_label_selector(&policy.spec.podSelector), age(policy, now)};
  }
};

const Registered<Resource> registered_networkpolicies{"networkpolicies.networking.k8s.io", [] { return std::make_unique<NetworkPolicies>(); }};

}  // namespace
}  // namespace plumb::resources
