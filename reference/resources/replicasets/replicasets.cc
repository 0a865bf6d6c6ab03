#include "reference/api/types/appsv1.h"
#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/scale.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class ReplicaSets final : public Typed<appsv1::ReplicaSet> {
 public:
  ReplicaSets() : Typed(Names{"replicasets", "replicaset", {"rs"}, {"all"}, true}) {}
  bool has_scale() const override { return true; }
  std::vector<std::string_view> selectable_field_names() const override { return {"status.replicas"}; }
  std::vector<Column> columns() const override {
    return with_container_columns({name_column(), number_column("Desired", "Pods that should be."), number_column("Current", "Pods that are."),
                                   number_column("Ready", "Pods that are ready."), age_column()});
  }

 protected:
  void defaults(appsv1::ReplicaSet& object) const override {
    if (!object.spec.replicas) object.spec.replicas = 1;
  }
  void check(const appsv1::ReplicaSet& object, FieldErrors& errors) const override {
    const auto& spec = object.spec;
    check_nonnegative(*spec.replicas, spec_path.child("replicas"), errors);
    check_nonnegative(spec.minReadySeconds, spec_path.child("minReadySeconds"), errors);
    check_controller_selector(spec.selector, "deployment", spec_path.child("selector"), errors);
    check_running_template(spec.template_, spec.selector, "ReplicaSet", spec_path.child("template"), errors);
  }
  void check_update(const appsv1::ReplicaSet& next, const appsv1::ReplicaSet& previous, FieldErrors& errors) const override {
    check_immutable(!(next.spec.selector == previous.spec.selector), spec_path.child("selector"),
                    next.spec.selector ? go_text(*next.spec.selector) : "null", errors);
  }
  void check_status_update(const appsv1::ReplicaSet& next, const appsv1::ReplicaSet&, FieldErrors& errors) const override {
    const FieldPath path("status");
    const auto& status = next.status;
    check_nonnegative(status.replicas, path.child("replicas"), errors);
    const auto within = [&](std::int32_t count, std::string_view name) {
      check_nonnegative(count, path.child(name), errors);
      if (count > status.replicas) errors.invalid(path.child(name), std::to_string(count), "cannot be greater than status.replicas");
    };
    within(status.fullyLabeledReplicas, "fullyLabeledReplicas");
    within(status.readyReplicas, "readyReplicas");
    within(status.availableReplicas, "availableReplicas");
    if (status.availableReplicas > status.readyReplicas)
      errors.invalid(path.child("availableReplicas"), std::to_string(status.availableReplicas), "cannot be greater than readyReplicas");
  }
  ScaleView scale_of(const appsv1::ReplicaSet& object) const override { return scale_view(object); }
  void scale_to(appsv1::ReplicaSet& object, std::int32_t replicas) const override { object.spec.replicas = replicas; }
  std::vector<SelectableField> fields_of(const appsv1::ReplicaSet& object) const override {
    return {{"status.replicas", std::to_string(object.status.replicas)}};
  }
  std::vector<Cell> cells(const appsv1::ReplicaSet& object, WallTime now) const override {
    const auto containers = container_cells(object.spec.template_.spec.containers);
    return {object.metadata.name, object.spec.replicas.value_or(0), object.status.replicas, object.status.readyReplicas,
            age(object, now),     containers.names,                containers.images,      format_label_selector(object.spec.selector.get())};
  }
};

const Registered<Resource> registered_replicasets{"replicasets.apps", [] { return std::make_unique<ReplicaSets>(); }};

}  // namespace
}  // namespace plumb::resources
