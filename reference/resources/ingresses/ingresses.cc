#include <set>

#include "reference/api/types/networkingv1.h"
#include "reference/resources/ingresses/ingress_rules.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

constexpr std::size_t shown_hosts = 3;

std::string hosts(const networkingv1::IngressSpec& spec) {
  std::vector<std::string> list;
  for (const auto& rule : spec.rules)
    if (!rule.host.empty()) list.push_back(rule.host.str());
  return list.empty() ? "*" : first_of_many(list, shown_hosts);
}

std::string addresses(const networkingv1::IngressStatus& status) {
  std::set<std::string> found;
  for (const auto& one : status.loadBalancer.ingress)
    if (const auto& address = one.ip.empty() ? one.hostname : one.ip; !address.empty()) found.insert(address.str());
  return first_of_many({found.begin(), found.end()}, found.size());
}

class Ingresses final : public Typed<networkingv1::Ingress> {
 public:
  Ingresses() : Typed(Names{"ingresses", "ingress", {"ing"}, {}, true}) {}
  std::string storage_prefix() const override { return "ingress"; }
  void validate_create(const api::Object& object, FieldErrors& errors) const override { check_ingress(static_cast<const networkingv1::Ingress&>(object), nullptr, errors); }
  std::vector<Column> columns() const override {
    return {name_column(), text_column("Class", "The class of the ingress."), text_column("Hosts", "The hosts that are served."),
            text_column("Address", "Where it is reached."), text_column("Ports", "The ports that are open."), age_column()};
  }

 protected:
  void check_update(const networkingv1::Ingress& next, const networkingv1::Ingress& previous, FieldErrors& errors) const override { check_ingress(next, &previous, errors); }
  void check_status_update(const networkingv1::Ingress& next, const networkingv1::Ingress& previous, FieldErrors& errors) const override {
    check_ingress_status(next.status, previous.status, errors);
  }
  std::vector<Cell> cells(const networkingv1::Ingress& object, WallTime now) const override {
    return {object.metadata.name, object.spec.ingressClassName.value_or("<none>"), hosts(object.spec), addresses(object.status),
            object.spec.tls.empty() ? "80" : "80, 443", age(object, now)};
  }
};

const Registered<Resource> registered_ingresses{"ingresses.networking.k8s.io", [] { return std::make_unique<Ingresses>(); }};

}  // namespace
}  // namespace plumb::resources
