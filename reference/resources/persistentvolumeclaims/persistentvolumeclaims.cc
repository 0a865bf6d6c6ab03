#include "reference/resources/persistentvolumeclaims/claim_rules.h"

#include "reference/api/walk.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {

void check_claim_spec(const corev1::PersistentVolumeClaimSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (spec.accessModes.empty()) errors.required(path.child("accessModes"), "at least 1 access mode is required");
  if (spec.selector) check_label_selector(*spec.selector, path.child("selector"), errors);
  if (!spec.resources.requests.contains("storage")) errors.required(path.child("resources").key("storage"));
}

namespace {

const FieldPath spec_path("spec");

class PersistentVolumeClaims final : public Typed<corev1::PersistentVolumeClaim> {
 public:
  PersistentVolumeClaims() : Typed(Names{"persistentvolumeclaims", "persistentvolumeclaim", {"pvc"}, {}, true}) {}
  bool has_generation() const override { return false; }
  std::vector<Column> columns() const override {
    return {name_column(),
            text_column("Status", "Whether the claim is bound."),
            text_column("Volume", "The volume it is bound to."),
            text_column("Capacity", "The size of that volume."),
            text_column("Access Modes", "How that volume may be mounted."),
            text_column("StorageClass", "The storage class asked for."),
            text_column("VolumeAttributesClass", "The volume attributes class asked for."),
            age_column(),
            text_column("VolumeMode", "Filesystem or Block.", 1)};
  }

 protected:
  void defaults(corev1::PersistentVolumeClaim& claim) const override {
    if (claim.status.phase.empty()) claim.status.phase = "Pending";
  }
  void on_create(corev1::PersistentVolumeClaim& claim) const override { claim.status.phase = "Pending"; }
  void check(const corev1::PersistentVolumeClaim& claim, FieldErrors& errors) const override {
    check_claim_spec(claim.spec, spec_path, errors);
  }
  // A bound claim may grow; everything else of it stays.
  void check_update(const corev1::PersistentVolumeClaim& next, const corev1::PersistentVolumeClaim& previous, FieldErrors& errors) const override {
    corev1::PersistentVolumeClaimSpec rest = next.spec;
    rest.resources = previous.spec.resources;
    rest.volumeAttributesClassName = previous.spec.volumeAttributesClassName;
    if (previous.spec.volumeName.empty()) rest.volumeName.reset();
    if (!previous.spec.storageClassName) rest.storageClassName.reset();
    if (!api::semantically_equal(corev1::PersistentVolumeClaimSpec::info(), &rest, &previous.spec))
      errors.forbidden(spec_path, "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
  }
  std::vector<Cell> cells(const corev1::PersistentVolumeClaim& claim, WallTime now) const override {
    const auto& spec = claim.spec;
    const bool bound = !spec.volumeName.empty();
    return {claim.metadata.name,
            claim.metadata.deletionTimestamp ? "Terminating" : claim.status.phase.str(),
            spec.volumeName,
            bound ? text_of(claim.status.capacity, "storage") : "",
            bound ? access_modes(claim.status.accessModes) : "",
            spec.storageClassName.value_or(""),
            spec.volumeAttributesClassName.value_or("<unset>"),
            age(claim, now),
            spec.volumeMode.value_or("<unset>")};
  }
};

const Registered<Resource> registered{"persistentvolumeclaims", [] { return std::make_unique<PersistentVolumeClaims>(); }};

}  // namespace
}  // namespace plumb::resources
