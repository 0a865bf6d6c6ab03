#include "reference/api/types/corev1.h"
#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/scale.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class ReplicationControllers final : public Typed<corev1::ReplicationController> {
 public:
  ReplicationControllers() : Typed(Names{"replicationcontrollers", "replicationcontroller", {"rc"}, {"all"}, true}) {}
  std::string storage_prefix() const override { return "controllers"; }
  bool has_scale() const override { return true; }
  bool orphans_by_default() const override { return true; }
  std::vector<std::string_view> selectable_field_names() const override { return {"status.replicas"}; }
  std::vector<Column> columns() const override {
    return with_container_columns({name_column(), number_column("Desired", "Pods that should be."), number_column("Current", "Pods that are."),
                                   number_column("Ready", "Pods that are ready."), age_column()});
  }

 protected:
  // A controller without selector or labels has those of its template.
  void defaults(corev1::ReplicationController& object) const override {
    if (!object.spec.template_) return;
    const auto& labels = object.spec.template_->metadata.labels;
    if (object.spec.selector.empty()) object.spec.selector = labels;
    if (object.metadata.labels.empty()) object.metadata.labels = labels;
  }
  void check(const corev1::ReplicationController& object, FieldErrors& errors) const override {
    const auto& spec = object.spec;
    check_nonnegative(spec.minReadySeconds, spec_path.child("minReadySeconds"), errors);
    if (spec.selector.empty()) errors.required(spec_path.child("selector"));
    check_nonnegative(spec.replicas.value_or(0), spec_path.child("replicas"), errors);
    if (!spec.template_) return errors.required(spec_path.child("template"));
    metav1::LabelSelector selector;
    selector.matchLabels = spec.selector;
    check_running_template(*spec.template_, selector, "ReplicationController", spec_path.child("template"), errors);
  }
  ScaleView scale_of(const corev1::ReplicationController& object) const override { return scale_view(object); }
  void scale_to(corev1::ReplicationController& object, std::int32_t replicas) const override { object.spec.replicas = replicas; }
  std::vector<SelectableField> fields_of(const corev1::ReplicationController& object) const override {
    return {{"status.replicas", std::to_string(object.status.replicas)}};
  }
  std::vector<Cell> cells(const corev1::ReplicationController& object, WallTime now) const override {
    const auto containers = object.spec.template_ ? container_cells(object.spec.template_->spec.containers) : ContainerCells{};
    return {object.metadata.name, object.spec.replicas.value_or(0), object.status.replicas, object.status.readyReplicas,
            age(object, now),     containers.names,                containers.images,      format_labels(object.spec.selector)};
  }
};

const Registered<Resource> registered_replicationcontrollers{"replicationcontrollers", [] { return std::make_unique<ReplicationControllers>(); }};

}  // namespace
}  // namespace plumb::resources
