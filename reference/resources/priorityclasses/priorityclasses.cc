#include "reference/api/types/schedulingv1.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

constexpr std::int32_t highest_user_value = 1'000'000'000;
constexpr std::string_view system_prefix = "system-";

bool is_known_system_class(const schedulingv1::PriorityClass& one) {
  return (one.metadata.name == "system-node-critical" && one.value == 2'000'001'000) ||
         (one.metadata.name == "system-cluster-critical" && one.value == 2'000'000'000);
}

class PriorityClasses final : public Typed<schedulingv1::PriorityClass> {
 public:
  PriorityClasses() : Typed(Names{"priorityclasses", "priorityclass", {"pc"}, {}, false}) {}
  bool has_generation() const override { return true; }
  std::vector<Column> columns() const override {
    return {name_column(), number_column("Value", "The priority of pods of this class."), flag_column("Global-Default", "Whether pods without a class get it."),
            age_column(), text_column("PreemptionPolicy", "Whether pods of this class preempt others.")};
  }

 protected:
  void defaults(schedulingv1::PriorityClass& object) const override {
    if (!object.preemptionPolicy) object.preemptionPolicy = "PreemptLowerPriority";
  }
  void check(const schedulingv1::PriorityClass& object, FieldErrors& errors) const override {
    if (object.metadata.name.view().starts_with(system_prefix)) {
      if (!is_known_system_class(object))
        errors.forbidden(FieldPath("metadata").child("name"), "priority class names with '" + std::string(system_prefix) + "' prefix are reserved for system use only");
    } else if (object.value > highest_user_value) {
      errors.forbidden(FieldPath("value"), "maximum allowed value of a user defined priority is " + std::to_string(highest_user_value));
    }
  }
  void check_update(const schedulingv1::PriorityClass& next, const schedulingv1::PriorityClass& previous, FieldErrors& errors) const override {
    if (next.value != previous.value) errors.forbidden(FieldPath("value"), "may not be changed in an update.");
    check_immutable(!(next.preemptionPolicy == previous.preemptionPolicy), FieldPath("preemptionPolicy"), quoted(next.preemptionPolicy.value_or("")), errors);
  }
  std::vector<Cell> cells(const schedulingv1::PriorityClass& object, WallTime now) const override {
    return {object.metadata.name, object.value, Cell(object.globalDefault), age(object, now), object.preemptionPolicy.value_or("")};
  }
};

const Registered<Resource> registered_priorityclasses{"priorityclasses.scheduling.k8s.io", [] { return std::make_unique<PriorityClasses>(); }};

}  // namespace
}  // namespace plumb::resources
