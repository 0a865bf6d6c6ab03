#include "reference/api/types/appsv1.h"
#include "reference/api/walk.h"
#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/scale.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

const FieldPath spec_path("spec");

class StatefulSets final : public Typed<appsv1::StatefulSet> {
 public:
  StatefulSets() : Typed(Names{"statefulsets", "statefulset", {"sts"}, {"all"}, true}) {}
  bool has_scale() const override { return true; }
  std::vector<Column> columns() const override {
    return with_container_columns({name_column(), text_column("Ready", "Ready pods, of all desired."), age_column()}, false);
  }

 protected:
  void defaults(appsv1::StatefulSet& object) const override {
    auto& spec = object.spec;
    if (spec.podManagementPolicy.empty()) spec.podManagementPolicy = "OrderedReady";
    auto& strategy = spec.updateStrategy;
    if (strategy.type.empty()) {
      strategy.type = "RollingUpdate";
      strategy.rollingUpdate.ensure();
    }
    if (strategy.type == "RollingUpdate" && strategy.rollingUpdate && !strategy.rollingUpdate->partition) strategy.rollingUpdate->partition = 0;
    auto& retention = spec.persistentVolumeClaimRetentionPolicy.ensure();
    if (retention.whenDeleted.empty()) retention.whenDeleted = "Retain";
    if (retention.whenScaled.empty()) retention.whenScaled = "Retain";
    if (!spec.replicas) spec.replicas = 1;
    if (!spec.revisionHistoryLimit) spec.revisionHistoryLimit = 10;
    for (auto& claim : spec.volumeClaimTemplates)
      if (claim.status.phase.empty()) claim.status.phase = "Pending";
  }
  void check(const appsv1::StatefulSet& object, FieldErrors& errors) const override {
    const auto& spec = object.spec;
    const FieldPath rolling = spec_path.child("updateStrategy").child("rollingUpdate");
    if (spec.updateStrategy.type == "OnDelete" && spec.updateStrategy.rollingUpdate)
      errors.invalid(rolling, "null", "only allowed for updateStrategy 'RollingUpdate'");
    if (spec.updateStrategy.rollingUpdate && spec.updateStrategy.rollingUpdate->partition)
      check_nonnegative(*spec.updateStrategy.rollingUpdate->partition, rolling.child("partition"), errors);
    check_nonnegative(*spec.replicas, spec_path.child("replicas"), errors);
    check_nonnegative(spec.minReadySeconds, spec_path.child("minReadySeconds"), errors);
    if (spec.ordinals) check_nonnegative(spec.ordinals->start, spec_path.child("ordinals").child("start"), errors);
    check_controller_selector(spec.selector, "statefulset", spec_path.child("selector"), errors);
    check_running_template(spec.template_, spec.selector, "StatefulSet", spec_path.child("template"), errors);
  }
  void check_update(const appsv1::StatefulSet& next, const appsv1::StatefulSet& previous, FieldErrors& errors) const override {
    appsv1::StatefulSetSpec rest = next.spec;
    const auto& before = previous.spec;
    rest.replicas = before.replicas;
    rest.template_ = before.template_;
    rest.updateStrategy = before.updateStrategy;
    rest.minReadySeconds = before.minReadySeconds;
    rest.ordinals = before.ordinals;
    rest.revisionHistoryLimit = before.revisionHistoryLimit;
    rest.persistentVolumeClaimRetentionPolicy = before.persistentVolumeClaimRetentionPolicy;
    if (!api::semantically_equal(appsv1::StatefulSetSpec::info(), &rest, &before))
      errors.forbidden(spec_path,
                       "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
                       "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden");
  }
  ScaleView scale_of(const appsv1::StatefulSet& object) const override { return scale_view(object); }
  void scale_to(appsv1::StatefulSet& object, std::int32_t replicas) const override { object.spec.replicas = replicas; }
  std::vector<Cell> cells(const appsv1::StatefulSet& object, WallTime now) const override {
    const auto containers = container_cells(object.spec.template_.spec.containers);
    return {object.metadata.name, std::to_string(object.status.readyReplicas) + "/" + std::to_string(object.spec.replicas.value_or(0)),
            age(object, now), containers.names, containers.images};
  }
};

const Registered<Resource> registered{"statefulsets.apps", [] { return std::make_unique<StatefulSets>(); }};

}  // namespace
}  // namespace plumb::resources
