#include "harness/base/encoding.h"
#include "reference/api/types/appsv1.h"
#include "reference/api/walk.h"
#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

void check_rolling(const appsv1::RollingUpdateDaemonSet& rolling, const FieldPath& path, FieldErrors& errors) {
  check_count_or_percent(rolling.maxUnavailable, path.child("maxUnavailable"), errors);
  check_count_or_percent(rolling.maxSurge, path.child("maxSurge"), errors);
  const bool unavailable = !is_zero(rolling.maxUnavailable), surge = !is_zero(rolling.maxSurge);
  if (unavailable && surge)
    errors.invalid(path.child("maxSurge"), shown(rolling.maxSurge), "may not be set when maxUnavailable is non-zero");
  if (!unavailable && !surge) errors.required(path.child("maxUnavailable"), "cannot be 0 when maxSurge is 0");
}

constexpr std::string_view template_generation = "deprecated.daemonset.template.generation";

std::int64_t template_generation_of(const appsv1::DaemonSet& set) {
  return parse_int(set.metadata.annotations.get(template_generation).view()).value_or(0);
}
void set_template_generation(appsv1::DaemonSet& set, std::int64_t generation) {
  set.metadata.annotations.set(template_generation, api::Str(std::to_string(generation)));
}

class DaemonSets final : public Typed<appsv1::DaemonSet> {
 public:
  DaemonSets() : Typed(Names{"daemonsets", "daemonset", {"ds"}, {"all"}, true}) {}
  std::vector<Column> columns() const override {
    return with_container_columns({name_column(), number_column("Desired", "Nodes that should run the pod."),
                                   number_column("Current", "Nodes that run the pod and should."), number_column("Ready", "Nodes where it is ready."),
                                   number_column("Up-to-date", "Nodes that run the current template."),
                                   number_column("Available", "Nodes where it has been ready long enough."),
                                   text_column("Node Selector", "Labels of the nodes that are meant."), age_column()});
  }

 protected:
  void defaults(appsv1::DaemonSet& object) const override {
    auto& strategy = object.spec.updateStrategy;
    if (strategy.type.empty()) strategy.type = "RollingUpdate";
    if (strategy.type == "RollingUpdate") {
      auto& rolling = strategy.rollingUpdate.ensure();
      if (!rolling.maxUnavailable) rolling.maxUnavailable = 1;
      if (!rolling.maxSurge) rolling.maxSurge = 0;
    }
    if (!object.spec.revisionHistoryLimit) object.spec.revisionHistoryLimit = 10;
  }
  // The number of the template, which clients do not choose; pods made before there were hashes are known by it.
  void on_create(appsv1::DaemonSet& object) const override { set_template_generation(object, 1); }
  void on_update(appsv1::DaemonSet& next, const appsv1::DaemonSet& previous) const override {
    const bool changed = !api::semantically_equal(corev1::PodTemplateSpec::info(), &next.spec.template_, &previous.spec.template_);
    set_template_generation(next, template_generation_of(previous) + changed);
  }
  void check(const appsv1::DaemonSet& object, FieldErrors& errors) const override {
    const auto& spec = object.spec;
    if (spec.selector)
      check_controller_selector(spec.selector, "daemonset", spec_path.child("selector"), errors);
    else
      errors.invalid(spec_path.child("template").child("metadata").child("labels"), go_text(spec.template_.metadata.labels),
                     "`selector` does not match template `labels`");
    check_running_template(spec.template_, spec.selector, "DaemonSet", spec_path.child("template"), errors);
    check_nonnegative(spec.minReadySeconds, spec_path.child("minReadySeconds"), errors);
    const FieldPath strategy = spec_path.child("updateStrategy");
    if (spec.updateStrategy.type == "RollingUpdate" && spec.updateStrategy.rollingUpdate) check_rolling(*spec.updateStrategy.rollingUpdate, strategy.child("rollingUpdate"), errors);
    if (spec.revisionHistoryLimit) check_nonnegative(*spec.revisionHistoryLimit, spec_path.child("revisionHistoryLimit"), errors);
  }
  void check_update(const appsv1::DaemonSet& next, const appsv1::DaemonSet& previous, FieldErrors& errors) const override {
    check_immutable(!(next.spec.selector == previous.spec.selector), spec_path.child("selector"),
                    next.spec.selector ? go_text(*next.spec.selector) : "null", errors);
  }
  void check_status_update(const appsv1::DaemonSet& next, const appsv1::DaemonSet& previous, FieldErrors& errors) const override {
    const FieldPath path("status");
    const auto& status = next.status;
    const std::pair<std::string_view, std::int64_t> counts[] = {{"currentNumberScheduled", status.currentNumberScheduled},
                                                                {"numberMisscheduled", status.numberMisscheduled},
                                                                {"desiredNumberScheduled", status.desiredNumberScheduled},
                                                                {"numberReady", status.numberReady},
                                                                {"observedGeneration", status.observedGeneration},
                                                                {"updatedNumberScheduled", status.updatedNumberScheduled},
                                                                {"numberAvailable", status.numberAvailable},
                                                                {"numberUnavailable", status.numberUnavailable},
                                                                {"collisionCount", status.collisionCount.value_or(0)}};
    for (const auto& [name, count] : counts) check_nonnegative(count, path.child(name), errors);
    check_not_decremented(status.collisionCount, previous.status.collisionCount, path.child("collisionCount"), errors);
  }
  std::vector<Cell> cells(const appsv1::DaemonSet& object, WallTime now) const override {
    const auto& status = object.status;
    const auto containers = container_cells(object.spec.template_.spec.containers);
    return {object.metadata.name,
            status.desiredNumberScheduled,
            status.currentNumberScheduled,
            status.numberReady,
            status.updatedNumberScheduled,
            status.numberAvailable,
            format_labels(object.spec.template_.spec.nodeSelector),
            age(object, now),
            containers.names,
            containers.images,
            format_label_selector(object.spec.selector.get())};
  }
};

const Registered<Resource> registered_daemonsets{"daemonsets.apps", [] { return std::make_unique<DaemonSets>(); }};

}  // namespace
}  // namespace plumb::resources
