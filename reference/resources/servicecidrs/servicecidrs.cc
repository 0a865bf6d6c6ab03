#include "reference/api/text/ip.h"
#include "reference/api/types/networkingv1.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

const FieldPath cidrs_path("spec.cidrs");

std::string list_text(const api::List<api::Str>& list) {
  std::string out = "[";
  for (const api::Str& each : list) out.append(out.size() > 1 ? "," : "").append(quoted(each));
  return out + "]";
}

class ServiceCIDRs final : public Typed<networkingv1::ServiceCIDR> {
 public:
  ServiceCIDRs() : Typed(Names{"servicecidrs", "servicecidr", {}, {}, false}) {}
  std::vector<Column> columns() const override { return {name_column(), text_column("CIDRs", "The ranges that addresses are taken from."), age_column()}; }

 protected:
  void check(const networkingv1::ServiceCIDR& object, FieldErrors& errors) const override {
    const auto& cidrs = object.spec.cidrs;
    if (cidrs.empty()) return errors.required(cidrs_path, "at least one CIDR required");
    if (cidrs.size() > 2) return errors.invalid(cidrs_path, list_text(cidrs), "may only hold up to 2 values");
    if (cidrs.size() == 2) {
      const auto first = api::IpRange::parse(cidrs[0]), second = api::IpRange::parse(cidrs[1]);
      if (!first || !second || first->network.v6 == second->network.v6)
        errors.invalid(cidrs_path, list_text(cidrs), "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64");
    }
    for (std::size_t i = 0; i < cidrs.size(); ++i) check_range(cidrs[i], cidrs_path.index(i), errors);
  }
  void check_update(const networkingv1::ServiceCIDR& next, const networkingv1::ServiceCIDR& previous, FieldErrors& errors) const override {
    check_immutable(!(next.spec.cidrs == previous.spec.cidrs), cidrs_path, list_text(next.spec.cidrs), errors);
  }
  std::vector<Cell> cells(const networkingv1::ServiceCIDR& object, WallTime now) const override {
    return {object.metadata.name, join(object.spec.cidrs, ","), age(object, now)};
  }

 private:
  static void check_range(const api::Str& text, const FieldPath& path, FieldErrors& errors) {
    const auto range = api::IpRange::parse(text);
    if (!range) return check_text(api::check_cidr(text), path, text, errors);
    if (range->text() != text) errors.invalid(path, quoted(text), "must be in canonical form (" + quoted(range->text()) + ")");
  }
};

const Registered<Resource> registered_servicecidrs{"servicecidrs.networking.k8s.io", [] { return std::make_unique<ServiceCIDRs>(); }};

}  // namespace
}  // namespace plumb::resources
