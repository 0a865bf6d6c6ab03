// Quota of services: their number, their node ports and load balancers. Ports are counted by what is asked for, allocated or not.
#include <algorithm>

#include "reference/resources/resourcequotas/evaluator.h"

namespace plumb::resources::quota {
namespace {

const corev1::ServiceSpec& spec_of(const api::Object& object) { return static_cast<const corev1::Service&>(object).spec; }

std::int64_t node_ports(const corev1::ServiceSpec& spec) {
  if (spec.type == corev1::ServiceTypeLoadBalancer && !spec.allocateLoadBalancerNodePorts.value_or(true))
    return std::count_if(spec.ports.begin(), spec.ports.end(), [](const corev1::ServicePort& port) { return port.nodePort != 0; });
  const bool has = spec.type == corev1::ServiceTypeLoadBalancer || spec.type == corev1::ServiceTypeNodePort;
  return has ? static_cast<std::int64_t>(spec.ports.size()) : 0;
}

class Services final : public Evaluator {
 public:
  bool handles(const Change& change) const override { return change.subresource.empty(); }
  bool tracks(std::string_view name) const override {
    static const Names known{"count/services", "services", "services.nodeports", "services.loadbalancers"};
    return known.contains(name);
  }
  Amounts usage(const api::Object& object, WallTime) const override {
    const corev1::ServiceSpec& spec = spec_of(object);
    return {{"count/services", api::Quantity::of(1)},
            {"services", api::Quantity::of(1)},
            {"services.loadbalancers", api::Quantity::of(spec.type == corev1::ServiceTypeLoadBalancer)},
            {"services.nodeports", api::Quantity::of(node_ports(spec))}};
  }
  bool frees(const api::Object& before, const api::Object& after, WallTime now) const override { return usage(before, now) != usage(after, now); }
};

}  // namespace

const Evaluator& services() {
  static const Services evaluator;
  return evaluator;
}

}  // namespace plumb::resources::quota
