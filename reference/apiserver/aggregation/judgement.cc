#include "reference/apiserver/aggregation/judgement.h"

namespace plumb::apiserver {
namespace {

using apiregistrationv1::APIService;

Availability no(std::string reason, std::string message) { return {apiregistrationv1::ConditionFalse, std::move(reason), std::move(message)}; }

const corev1::ServicePort* find_port(const corev1::Service& service, std::int32_t number) {
  for (const corev1::ServicePort& port : service.spec.ports)
    if (port.port == number) return &port;
  return nullptr;
}

std::vector<net::Endpoint> ready_endpoints(const Slices& slices, std::string_view port_name) {
  std::vector<net::Endpoint> found;
  for (const auto& slice : slices) {
    for (const discoveryv1::EndpointPort& port : slice->ports) {
      if (!port.port || *port.port <= 0 || *port.port > 65535 || (port.name ? port.name->view() : std::string_view()) != port_name) continue;
      for (const discoveryv1::Endpoint& endpoint : slice->endpoints)
        if (endpoint.conditions.ready.value_or(true) && !endpoint.addresses.empty())
          found.push_back({endpoint.addresses[0].str(), static_cast<std::uint16_t>(*port.port), {}});
    }
  }
  return found;
}

}  // namespace

Judgement judge(const APIService& wanted, const corev1::Service* service, const Slices& slices) {
  const auto& reference = *wanted.spec.service;
  const std::int32_t number = reference.port.value_or(443);
  const std::string name = "service/" + reference.name.str() + " in \"" + reference.namespace_.str() + "\"";
  if (!service) return {no("ServiceNotFound", name + " is not present"), {}};
  if (service->spec.type == corev1::ServiceTypeExternalName)
    return {std::nullopt, {{service->spec.externalName.str(), static_cast<std::uint16_t>(number), {}}}};
  const corev1::ServicePort* port = find_port(*service, number);
  if (!port) {
    if (service->spec.type == corev1::ServiceTypeClusterIP) return {no("ServicePortError", name + " is not listening on port " + std::to_string(number)), {}};
    return {asked_availability("no service port " + std::to_string(number) + " found for service \"" + reference.name.str() + "\""), {}};
  }
  auto endpoints = ready_endpoints(slices, port->name);
  if (!endpoints.empty()) return {std::nullopt, std::move(endpoints)};
  if (slices.empty()) return {no("EndpointsNotFound", "cannot find endpointslices for " + name), {}};
  return {no("MissingEndpoints", "endpointslices for " + name + " have no addresses with port name \"" + port->name.str() + "\""), {}};
}

Availability local_availability() { return {apiregistrationv1::ConditionTrue, "Local", "Local APIServices are always available"}; }

Availability asked_availability(const std::optional<std::string>& failure) {
  if (failure) return no("FailedDiscoveryCheck", *failure);
  return {apiregistrationv1::ConditionTrue, "Passed", "all checks passed"};
}

std::string discovery_path(const apiregistrationv1::APIServiceSpec& spec) {
  if (spec.group.empty()) return "/api/" + spec.version.str();
  return "/apis/" + spec.group.str() + "/" + spec.version.str();
}

}  // namespace plumb::apiserver
