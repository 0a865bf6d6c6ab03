#include "reference/api/types/corev1.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

constexpr std::size_t shown_addresses = 3;

std::string host_port(std::string_view ip, std::int32_t port) {
  const bool v6 = ip.find(':') != std::string_view::npos;
  return (v6 ? "[" + std::string(ip) + "]" : std::string(ip)) + ":" + std::to_string(port);
}

std::string addresses(const corev1::Endpoints& object) {
  if (object.subsets.empty()) return "<none>";
  std::vector<std::string> list;
  for (const auto& subset : object.subsets) {
    if (subset.ports.empty())
      for (const auto& one : subset.addresses) list.push_back(one.ip.str());
    for (const auto& port : subset.ports)
      for (const auto& one : subset.addresses) list.push_back(host_port(one.ip, port.port));
  }
  return first_of_many(list, shown_addresses);
}

class Endpoints final : public Typed<corev1::Endpoints> {
 public:
  Endpoints() : Typed(Names{"endpoints", "endpoints", {"ep"}, {}, true}) {}
  std::string storage_prefix() const override { return "services/endpoints"; }
  std::vector<Column> columns() const override {
    return {name_column(), text_column("Endpoints", "Addresses that are ready, with their ports."), age_column()};
  }

 protected:
  void defaults(corev1::Endpoints& object) const override {
    for (auto& subset : object.subsets)
      for (auto& port : subset.ports)
        if (port.protocol.empty()) port.protocol = "TCP";
  }
  void check(const corev1::Endpoints& object, FieldErrors& errors) const override {
    for (std::size_t i = 0; i < object.subsets.size(); ++i) check_subset(object.subsets[i], FieldPath("subsets").index(i), errors);
  }
  std::vector<Cell> cells(const corev1::Endpoints& object, WallTime now) const override {
    return {object.metadata.name, addresses(object), age(object, now)};
  }

 private:
  static void check_subset(const corev1::EndpointSubset& subset, const FieldPath& path, FieldErrors& errors) {
    if (subset.addresses.empty() && subset.notReadyAddresses.empty()) errors.required(path, "must specify `addresses` or `notReadyAddresses`");
    const auto check_ips = [&](const api::List<corev1::EndpointAddress>& list, std::string_view name) {
      for (std::size_t i = 0; i < list.size(); ++i) check_text(api::check_ip(list[i].ip), path.child(name).index(i).child("ip"), list[i].ip, errors);
    };
    check_ips(subset.addresses, "addresses");
    check_ips(subset.notReadyAddresses, "notReadyAddresses");
    for (std::size_t i = 0; i < subset.ports.size(); ++i) {
      const auto& port = subset.ports[i];
      const FieldPath at = path.child("ports").index(i);
      if (subset.ports.size() > 1) check_required(port.name, at.child("name"), errors);
      if (!port.name.empty()) check_text(api::check_dns1123_label(port.name), at.child("name"), port.name, errors);
      check_number(api::check_port_number(port.port), at.child("port"), port.port, errors);
    }
  }
};

const Registered<Resource> registered_endpoints{"endpoints", [] { return std::make_unique<Endpoints>(); }};

}  // namespace
}  // namespace plumb::resources
