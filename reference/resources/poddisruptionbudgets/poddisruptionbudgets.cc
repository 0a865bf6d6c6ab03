#include "reference/api/types/policyv1.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/conditions.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class PodDisruptionBudgets final : public Typed<policyv1::PodDisruptionBudget> {
 public:
  PodDisruptionBudgets() : Typed(Names{"poddisruptionbudgets", "poddisruptionbudget", {"pdb"}, {}, true}) {}
  bool unconditional_update() const override { return false; }
  std::vector<Column> columns() const override {
    return {name_column(), text_column("Min Available", "Pods that must stay available."), text_column("Max Unavailable", "Pods that may be unavailable."),
            number_column("Allowed Disruptions", "Pods that may be disrupted now."), age_column()};
  }

 protected:
  void check(const policyv1::PodDisruptionBudget& object, FieldErrors& errors) const override {
    const FieldPath path("spec");
    const auto& spec = object.spec;
    if (spec.minAvailable && spec.maxUnavailable)
      errors.invalid(path, "null", "minAvailable and maxUnavailable cannot be both set");
    if (spec.minAvailable) check_count_or_percent(spec.minAvailable, path.child("minAvailable"), errors);
    if (spec.maxUnavailable) check_count_or_percent(spec.maxUnavailable, path.child("maxUnavailable"), errors);
    if (spec.selector) check_label_selector(*spec.selector, path.child("selector"), errors);
  }
  void check_status_update(const policyv1::PodDisruptionBudget& next, const policyv1::PodDisruptionBudget&, FieldErrors& errors) const override {
    const FieldPath path("status");
    const auto& status = next.status;
    check_conditions(status.conditions, path.child("conditions"), errors);
    check_nonnegative(status.disruptionsAllowed, path.child("disruptionsAllowed"), errors);
    check_nonnegative(status.currentHealthy, path.child("currentHealthy"), errors);
    check_nonnegative(status.desiredHealthy, path.child("desiredHealthy"), errors);
    check_nonnegative(status.expectedPods, path.child("expectedPods"), errors);
  }
  std::vector<Cell> cells(const policyv1::PodDisruptionBudget& object, WallTime now) const override {
    const auto& spec = object.spec;
    return {object.metadata.name, spec.minAvailable ? text_of(spec.minAvailable) : "N/A", spec.maxUnavailable ? text_of(spec.maxUnavailable) : "N/A",
            object.status.disruptionsAllowed, age(object, now)};
  }
};

const Registered<Resource> registered_poddisruptionbudgets{"poddisruptionbudgets.policy", [] { return std::make_unique<PodDisruptionBudgets>(); }};

}  // namespace
}  // namespace plumb::resources
