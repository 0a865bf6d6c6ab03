#include <set>

#include "reference/api/text/names.h"
#include "reference/api/types/nodev1.h"
#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

void check_overhead(const nodev1::Overhead& overhead, FieldErrors& errors) {
  corev1::ResourceRequirements fixed;
  fixed.limits = overhead.podFixed;
  check_resources(fixed, FieldPath("overhead"), errors);
}

void check_scheduling(const nodev1::Scheduling& scheduling, FieldErrors& errors) {
  const FieldPath path("scheduling"), selector = path.child("nodeSelector"), tolerations = path.child("tolerations");
  for (const auto& [key, value] : scheduling.nodeSelector) {
    check_text(api::check_qualified_name(key), selector, key, errors);
    check_text(api::check_label_value(value), selector, value, errors);
  }
  check_tolerations(scheduling.tolerations, tolerations, errors);
  std::set<std::string> seen;
  for (std::size_t i = 0; i < scheduling.tolerations.size(); ++i) {
    const corev1::Toleration& each = scheduling.tolerations[i];
    const std::string shown = each.key.str() + " " + each.operator_.str() + " " + each.value.str() + " " + each.effect.str();
    if (!seen.insert(shown).second) errors.duplicate(tolerations.index(i), quoted(shown));
  }
}

class RuntimeClasses final : public Typed<nodev1::RuntimeClass> {
 public:
  RuntimeClasses() : Typed(Names{"runtimeclasses", "runtimeclass", {}, {}, false}) {}
  std::vector<Column> columns() const override { return {name_column(), text_column("Handler", "What the container runtime calls it."), age_column()}; }

 protected:
  void check(const nodev1::RuntimeClass& object, FieldErrors& errors) const override {
    const FieldPath handler("handler");
    object.handler.empty() ? errors.required(handler) : check_text(api::check_dns1123_label(object.handler), handler, object.handler, errors);
    if (object.overhead) check_overhead(*object.overhead, errors);
    if (object.scheduling) check_scheduling(*object.scheduling, errors);
  }
  void check_update(const nodev1::RuntimeClass& next, const nodev1::RuntimeClass& previous, FieldErrors& errors) const override {
    check_immutable(next.handler != previous.handler, FieldPath("handler"), quoted(next.handler), errors);
  }
  std::vector<Cell> cells(const nodev1::RuntimeClass& object, WallTime now) const override { return {object.metadata.name, object.handler, age(object, now)}; }
};

const Registered<Resource> registered_runtimeclasses{"runtimeclasses.node.k8s.io", [] { return std::make_unique<RuntimeClasses>(); }};

}  // namespace
}  // namespace plumb::resources
