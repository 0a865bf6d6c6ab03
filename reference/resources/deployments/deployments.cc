#include "reference/api/types/appsv1.h"
#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/scale.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

void check_strategy(const appsv1::DeploymentStrategy& strategy, const FieldPath& path, FieldErrors& errors) {
  const FieldPath rolling_path = path.child("rollingUpdate");
  if (strategy.type == "Recreate" && strategy.rollingUpdate)
    return errors.forbidden(rolling_path, "may not be specified when strategy `type` is 'Recreate'");
  if (strategy.type != "RollingUpdate") return;
  if (!strategy.rollingUpdate) return errors.required(rolling_path, "this should be defaulted and never be nil");
  const auto& rolling = *strategy.rollingUpdate;
  check_count_or_percent(rolling.maxUnavailable, rolling_path.child("maxUnavailable"), errors);
  if (rolling.maxSurge.is_string())
    check_text(api::check_percent(rolling.maxSurge.text), rolling_path.child("maxSurge"), rolling.maxSurge.text, errors);
  else
    check_nonnegative(rolling.maxSurge.number, rolling_path.child("maxSurge"), errors);
  if (is_zero(rolling.maxUnavailable) && is_zero(rolling.maxSurge))
    errors.invalid(rolling_path.child("maxUnavailable"), shown(rolling.maxUnavailable), "may not be 0 when `maxSurge` is 0");
}

class Deployments final : public Typed<appsv1::Deployment> {
 public:
  Deployments() : Typed(Names{"deployments", "deployment", {"deploy"}, {"all"}, true}) {}
  bool has_scale() const override { return true; }
  std::vector<Column> columns() const override {
    return with_container_columns({name_column(), text_column("Ready", "Ready pods, of all desired."),
                                   text_column("Up-to-date", "Pods that have the current template."),
                                   text_column("Available", "Pods that have been ready long enough."), age_column()});
  }

 protected:
  void defaults(appsv1::Deployment& object) const override {
    auto& spec = object.spec;
    if (!spec.replicas) spec.replicas = 1;
    if (spec.strategy.type.empty()) spec.strategy.type = "RollingUpdate";
    if (spec.strategy.type == "RollingUpdate") {
      auto& rolling = spec.strategy.rollingUpdate.ensure();
      if (!rolling.maxUnavailable) rolling.maxUnavailable = "25%";
      if (!rolling.maxSurge) rolling.maxSurge = "25%";
    }
    if (!spec.revisionHistoryLimit) spec.revisionHistoryLimit = 10;
    if (!spec.progressDeadlineSeconds) spec.progressDeadlineSeconds = 600;
  }
  void check(const appsv1::Deployment& object, FieldErrors& errors) const override {
    const auto& spec = object.spec;
    check_nonnegative(*spec.replicas, spec_path.child("replicas"), errors);
    check_controller_selector(spec.selector, "deployment", spec_path.child("selector"), errors);
    check_running_template(spec.template_, spec.selector, "ReplicaSet", spec_path.child("template"), errors);
    check_strategy(spec.strategy, spec_path.child("strategy"), errors);
    check_nonnegative(spec.minReadySeconds, spec_path.child("minReadySeconds"), errors);
    if (spec.revisionHistoryLimit) check_nonnegative(*spec.revisionHistoryLimit, spec_path.child("revisionHistoryLimit"), errors);
    if (!spec.progressDeadlineSeconds) return;
    const FieldPath deadline = spec_path.child("progressDeadlineSeconds");
    check_nonnegative(*spec.progressDeadlineSeconds, deadline, errors);
    if (*spec.progressDeadlineSeconds <= spec.minReadySeconds)
      errors.invalid(deadline, std::to_string(*spec.progressDeadlineSeconds), "must be greater than minReadySeconds");
  }
  void check_update(const appsv1::Deployment& next, const appsv1::Deployment& previous, FieldErrors& errors) const override {
    check_immutable(!(next.spec.selector == previous.spec.selector), spec_path.child("selector"),
                    next.spec.selector ? go_text(*next.spec.selector) : "null", errors);
  }
  ScaleView scale_of(const appsv1::Deployment& object) const override { return scale_view(object); }
  void scale_to(appsv1::Deployment& object, std::int32_t replicas) const override { object.spec.replicas = replicas; }
  std::vector<Cell> cells(const appsv1::Deployment& object, WallTime now) const override {
    const auto containers = container_cells(object.spec.template_.spec.containers);
    return {object.metadata.name,
            std::to_string(object.status.readyReplicas) + "/" + std::to_string(object.spec.replicas.value_or(0)),
            object.status.updatedReplicas,
            object.status.availableReplicas,
            age(object, now),
            containers.names,
            containers.images,
            to_selector(object.spec.selector).to_string()};
  }
};

const Registered<Resource> registered_deployments{"deployments.apps", [] { return std::make_unique<Deployments>(); }};

}  // namespace
}  // namespace plumb::resources
