#include "reference/api/types/discoveryv1.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

constexpr std::size_t shown = 3, most_endpoints = 1000, most_ports = 20000, most_addresses = 100;

std::string ports_text(const discoveryv1::EndpointSlice& slice) {
  std::vector<std::string> list;
  for (const auto& port : slice.ports) list.push_back(port.port ? std::to_string(*port.port) : port.name ? port.name->str() : "*");
  return or_else(first_of_many(list, shown), "<unset>");
}

std::string addresses_text(const discoveryv1::EndpointSlice& slice) {
  std::vector<std::string> list;
  for (const auto& endpoint : slice.endpoints) list.insert(list.end(), endpoint.addresses.begin(), endpoint.addresses.end());
  return or_else(first_of_many(list, shown), "<unset>");
}

class EndpointSlices final : public Typed<discoveryv1::EndpointSlice> {
 public:
  EndpointSlices() : Typed(Names{"endpointslices", "endpointslice", {}, {}, true}) {}
  bool has_generation() const override { return true; }
  std::vector<Column> columns() const override {
    return {name_column(), text_column("AddressType", "IPv4, IPv6 or FQDN."), text_column("Ports", "The ports of every endpoint."),
            text_column("Endpoints", "The addresses."), age_column()};
  }

 protected:
  void defaults(discoveryv1::EndpointSlice& slice) const override {
    for (auto& port : slice.ports) {
      if (!port.name) port.name = "";
      if (!port.protocol) port.protocol = "TCP";
    }
  }
  void check(const discoveryv1::EndpointSlice& slice, FieldErrors& errors) const override {
    check_required(slice.addressType, FieldPath("addressType"), errors);
    if (slice.endpoints.size() > most_endpoints) errors.too_many(FieldPath("endpoints"), slice.endpoints.size(), most_endpoints);
    if (slice.ports.size() > most_ports) errors.too_many(FieldPath("ports"), slice.ports.size(), most_ports);
    for (std::size_t i = 0; i < slice.endpoints.size(); ++i) {
      const auto& addresses = slice.endpoints[i].addresses;
      const FieldPath at = FieldPath("endpoints").index(i).child("addresses");
      if (addresses.empty()) errors.required(at, "must contain at least 1 address");
      if (addresses.size() > most_addresses) errors.too_many(at, addresses.size(), most_addresses);
      for (std::size_t j = 0; j < addresses.size(); ++j)
        check_text(slice.addressType == "FQDN" ? api::check_dns1123_subdomain(addresses[j]) : api::check_ip(addresses[j]), at.index(j), addresses[j], errors);
    }
    for (std::size_t i = 0; i < slice.ports.size(); ++i)
      if (const auto& port = slice.ports[i]; port.port)
        check_number(api::check_port_number(*port.port), FieldPath("ports").index(i).child("port"), *port.port, errors);
  }
  void check_update(const discoveryv1::EndpointSlice& next, const discoveryv1::EndpointSlice& previous, FieldErrors& errors) const override {
    check_immutable(next.addressType != previous.addressType, FieldPath("addressType"), quoted(next.addressType), errors);
  }
  std::vector<Cell> cells(const discoveryv1::EndpointSlice& slice, WallTime now) const override {
    return {slice.metadata.name, slice.addressType, ports_text(slice), addresses_text(slice), age(slice, now)};
  }
};

const Registered<Resource> registered_endpointslices{"endpointslices.discovery.k8s.io", [] { return std::make_unique<EndpointSlices>(); }};

}  // namespace
}  // namespace plumb::resources
