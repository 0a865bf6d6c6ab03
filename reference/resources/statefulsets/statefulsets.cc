#include <algorithm>

#include "reference/api/types/appsv1.h"
#include "reference/api/walk.h"
#include "reference/resources/persistentvolumeclaims/claim_rules.h"
#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/scale.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

std::string shown_rolling(const appsv1::RollingUpdateStatefulSetStrategy& rolling) {
  return "{\"Partition\":" + std::to_string(rolling.partition.value_or(0)) + ",\"MaxUnavailable\":" +
         (rolling.maxUnavailable ? shown(rolling.maxUnavailable) : "null") + "}";
}

void check_rolling(const appsv1::RollingUpdateStatefulSetStrategy& rolling, const FieldPath& path, FieldErrors& errors) {
  check_nonnegative(rolling.partition.value_or(0), path.child("partition"), errors);
  if (!rolling.maxUnavailable) return;
  check_count_or_percent(rolling.maxUnavailable, path.child("maxUnavailable"), errors);
  if (is_zero(rolling.maxUnavailable)) errors.invalid(path.child("maxUnavailable"), shown(rolling.maxUnavailable), "cannot be 0");
}

// Recreate is behind a feature gate that is off by default in this release.
void refuse_recreate(const appsv1::StatefulSet& object, FieldErrors& errors) {
  if (object.spec.updateStrategy.type != appsv1::RecreateStatefulSetStrategyType) return;
  const auto& rolling = object.spec.updateStrategy.rollingUpdate;
  errors.invalid(spec_path.child("updateStrategy"), "{\"Type\":\"Recreate\",\"RollingUpdate\":" + (rolling ? shown_rolling(*rolling) : "null") + "}",
                 "must be 'RollingUpdate' or 'OnDelete'");
}

// The template as its pods will be: with a volume for each claim.
corev1::PodTemplateSpec with_claims(const appsv1::StatefulSetSpec& spec) {
  corev1::PodTemplateSpec whole = spec.template_;
  for (const auto& claim : spec.volumeClaimTemplates) {
    const auto& volumes = whole.spec.volumes;
    if (std::any_of(volumes.begin(), volumes.end(), [&](const corev1::Volume& volume) { return volume.name == claim.metadata.name; })) continue;
    corev1::Volume& volume = whole.spec.volumes.emplace_back();
    volume.name = claim.metadata.name;
    volume.volumeSource.persistentVolumeClaim.ensure().claimName = claim.metadata.name;
  }
  return whole;
}

void check_status(const appsv1::StatefulSetStatus& status, FieldErrors& errors) {
  const FieldPath path("status");
  const std::pair<std::string_view, std::int32_t> parts[] = {{"readyReplicas", status.readyReplicas},
                                                             {"currentReplicas", status.currentReplicas},
                                                             {"updatedReplicas", status.updatedReplicas},
                                                             {"availableReplicas", status.availableReplicas}};
  check_nonnegative(status.replicas, path.child("replicas"), errors);
  for (const auto& [name, count] : parts) check_nonnegative(count, path.child(name), errors);
  check_nonnegative(status.observedGeneration, path.child("observedGeneration"), errors);
  check_nonnegative(status.collisionCount.value_or(0), path.child("collisionCount"), errors);
  for (const auto& [name, count] : parts)
    if (count > status.replicas) errors.invalid(path.child(name), std::to_string(count), "cannot be greater than status.replicas");
  if (status.availableReplicas > status.readyReplicas)
    errors.invalid(path.child("availableReplicas"), std::to_string(status.availableReplicas), "cannot be greater than status.readyReplicas");
}

class StatefulSets final : public Typed<appsv1::StatefulSet> {
 public:
  // A label, since its pods' names and host names are made of it.
  StatefulSets() : Typed(Names{"statefulsets", "statefulset", {"sts"}, {"all"}, true}, NameRule::dns_label) {}
  bool has_scale() const override { return true; }
  std::vector<Column> columns() const override {
    return with_container_columns({name_column(), text_column("Ready", "Ready pods, of all desired."), age_column()}, false);
  }
  void validate_create(const api::Object& object, FieldErrors& errors) const override {
    const auto& set = static_cast<const appsv1::StatefulSet&>(object);
    refuse_recreate(set, errors);
    if (!set.spec.serviceName.empty())
      check_text(api::check_dns1123_label(set.spec.serviceName), spec_path.child("serviceName"), set.spec.serviceName, errors);
    for (std::size_t i = 0; i < set.spec.volumeClaimTemplates.size(); ++i)
      check_claim_spec(set.spec.volumeClaimTemplates[i].spec, spec_path.child("volumeClaimTemplates").index(i).child("spec"), errors);
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
    if (strategy.type == "RollingUpdate" && strategy.rollingUpdate) {
      if (!strategy.rollingUpdate->partition) strategy.rollingUpdate->partition = 0;
      if (!strategy.rollingUpdate->maxUnavailable) strategy.rollingUpdate->maxUnavailable = 1;
    }
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
    const auto& strategy = spec.updateStrategy;
    const FieldPath rolling = spec_path.child("updateStrategy").child("rollingUpdate");
    if (strategy.rollingUpdate && strategy.type == "OnDelete")
      errors.invalid(rolling, shown_rolling(*strategy.rollingUpdate), "only allowed for updateStrategy 'RollingUpdate'");
    if (strategy.rollingUpdate && strategy.type == "RollingUpdate") check_rolling(*strategy.rollingUpdate, rolling, errors);
    if (spec.persistentVolumeClaimRetentionPolicy) check_retention(*spec.persistentVolumeClaimRetentionPolicy, errors);
    check_nonnegative(*spec.replicas, spec_path.child("replicas"), errors);
    check_nonnegative(spec.minReadySeconds, spec_path.child("minReadySeconds"), errors);
    if (spec.ordinals) check_nonnegative(spec.ordinals->start, spec_path.child("ordinals.start"), errors);
    check_controller_selector(spec.selector, "statefulset", spec_path.child("selector"), errors);
    check_running_template(with_claims(spec), spec.selector, "StatefulSet", spec_path.child("template"), errors);
  }
  void check_status_update(const appsv1::StatefulSet& next, const appsv1::StatefulSet& previous, FieldErrors& errors) const override {
    check_status(next.status, errors);
    check_not_decremented(next.status.collisionCount, previous.status.collisionCount, FieldPath("status").child("collisionCount"), errors);
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
    if (before.updateStrategy.type != appsv1::RecreateStatefulSetStrategyType) refuse_recreate(next, errors);
  }
  static void check_retention(const appsv1::StatefulSetPersistentVolumeClaimRetentionPolicy& policy, FieldErrors& errors) {
    const FieldPath path = spec_path.child("persistentVolumeClaimRetentionPolicy");
    const auto known = [](const api::Str& value) { return value == "Retain" || value == "Delete"; };
    if (!known(policy.whenDeleted)) errors.not_supported(path.child("whenDeleted"), quoted(policy.whenDeleted), {"Retain", "Delete"});
    if (!known(policy.whenScaled)) errors.not_supported(path.child("whenScaled"), quoted(policy.whenScaled), {"Retain", "Delete"});
  }
  ScaleView scale_of(const appsv1::StatefulSet& object) const override { return scale_view(object); }
  void scale_to(appsv1::StatefulSet& object, std::int32_t replicas) const override { object.spec.replicas = replicas; }
  std::vector<Cell> cells(const appsv1::StatefulSet& object, WallTime now) const override {
    const auto containers = container_cells(object.spec.template_.spec.containers);
    return {object.metadata.name, std::to_string(object.status.readyReplicas) + "/" + std::to_string(object.spec.replicas.value_or(0)),
            age(object, now), containers.names, containers.images};
  }
};

const Registered<Resource> registered_statefulsets{"statefulsets.apps", [] { return std::make_unique<StatefulSets>(); }};

}  // namespace
}  // namespace plumb::resources
