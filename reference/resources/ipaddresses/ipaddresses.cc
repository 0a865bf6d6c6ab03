#include "reference/api/text/ip.h"
#include "reference/api/types/networkingv1.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

const FieldPath parent_path("spec.parentRef");

std::string parent_text(const networkingv1::IPAddress& address) {
  if (!address.spec.parentRef) return "<none>";
  const auto& parent = *address.spec.parentRef;
  const std::string resource = parent.resource.str() + (parent.group.empty() ? "" : "." + parent.group.str());
  return resource + "/" + (parent.namespace_.empty() ? "" : parent.namespace_.str() + "/") + parent.name.str();
}

class IPAddresses final : public Typed<networkingv1::IPAddress> {
 public:
  // Names are addresses, with the colons of IPv6.
  IPAddresses() : Typed(Names{"ipaddresses", "ipaddress", {"ip"}, {}, false}, NameRule::path_segment) {}
  bool has_generation() const override { return true; }
  std::vector<Column> columns() const override { return {name_column(), text_column("ParentRef", "What the address belongs to."), age_column()}; }

 protected:
  void check(const networkingv1::IPAddress& address, FieldErrors& errors) const override {
    check_name(address.metadata.name, errors);
    if (!address.spec.parentRef) return errors.required(parent_path);
    const auto& parent = *address.spec.parentRef;
    if (!parent.group.empty()) check_text(api::check_dns1123_subdomain(parent.group), parent_path.child("group"), parent.group, errors);
    check_segment(parent.resource, parent_path.child("resource"), errors);
    check_segment(parent.name, parent_path.child("name"), errors);
    if (!parent.namespace_.empty()) check_segment(parent.namespace_, parent_path.child("namespace"), errors);
  }
  void check_update(const networkingv1::IPAddress& next, const networkingv1::IPAddress& previous, FieldErrors& errors) const override {
    check_immutable(!(next.spec.parentRef == previous.spec.parentRef), parent_path, quoted(parent_text(next)), errors);
  }
  std::vector<Cell> cells(const networkingv1::IPAddress& address, WallTime now) const override {
    return {address.metadata.name, parent_text(address), age(address, now)};
  }

 private:
  static void check_name(const api::Str& name, FieldErrors& errors) {
    const FieldPath path("metadata.name");
    const auto ip = api::Ip::parse(name);
    if (!ip)
      check_text(api::check_ip(name), path, name, errors);
    else if (ip->text() != name)
      errors.invalid(path, quoted(name), "must be a canonical format IP address");
  }
  static void check_segment(const api::Str& value, const FieldPath& path, FieldErrors& errors) {
    if (value.empty()) return errors.required(path);
    check_text(api::check_path_segment_name(value), path, value, errors);
  }
};

const Registered<Resource> registered_ipaddresses{"ipaddresses.networking.k8s.io", [] { return std::make_unique<IPAddresses>(); }};

}  // namespace
}  // namespace plumb::resources
