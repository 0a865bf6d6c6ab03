#include "reference/api/types/coordinationv1.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class Leases final : public Typed<coordinationv1::Lease> {
 public:
  Leases() : Typed(Names{"leases", "lease", {}, {}, true}) {}
  std::vector<Column> columns() const override { return {name_column(), text_column("Holder", "Who holds the lease."), age_column()}; }

 protected:
  void check(const coordinationv1::Lease& lease, FieldErrors& errors) const override {
    const auto& spec = lease.spec;
    if (spec.leaseDurationSeconds && *spec.leaseDurationSeconds <= 0)
      errors.invalid(spec_path.child("leaseDurationSeconds"), std::to_string(*spec.leaseDurationSeconds), "must be greater than 0");
    if (spec.leaseTransitions && *spec.leaseTransitions < 0)
      errors.invalid(spec_path.child("leaseTransitions"), std::to_string(*spec.leaseTransitions), "must be greater than or equal to 0");
    if (spec.preferredHolder && !spec.preferredHolder->empty() && (!spec.strategy || spec.strategy->empty()))
      errors.forbidden(spec_path.child("preferredHolder"), "may only be specified if `strategy` is defined");
  }
  std::vector<Cell> cells(const coordinationv1::Lease& lease, WallTime now) const override {
    return {lease.metadata.name, lease.spec.holderIdentity.value_or(""), age(lease, now)};
  }
};

const Registered<Resource> registered_leases{"leases.coordination.k8s.io", [] { return std::make_unique<Leases>(); }};

}  // namespace
}  // namespace plumb::resources
