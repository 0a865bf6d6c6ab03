#include "reference/api/walk.h"
#include "reference/resources/persistentvolumes/volume_rules.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class PersistentVolumes final : public Typed<corev1::PersistentVolume> {
 public:
  PersistentVolumes() : Typed(Names{"persistentvolumes", "persistentvolume", {"pv"}, {}, false}) {}
  bool has_generation() const override { return false; }
  std::vector<Column> columns() const override {
    return {name_column(),
            text_column("Capacity", "The size of the volume."),
            text_column("Access Modes", "How it may be mounted."),
            text_column("Reclaim Policy", "What becomes of it when its claim is gone."),
            text_column("Status", "Whether it is available, bound or released."),
            text_column("Claim", "The claim it is bound to."),
            text_column("StorageClass", "Its storage class."),
            text_column("VolumeAttributesClass", "Its volume attributes class."),
            text_column("Reason", "Why it failed."),
            age_column(),
            text_column("VolumeMode", "Filesystem or Block.", 1)};
  }

 protected:
  void defaults(corev1::PersistentVolume& volume) const override {
    if (volume.status.phase.empty()) volume.status.phase = "Pending";
    if (volume.spec.persistentVolumeReclaimPolicy.empty()) volume.spec.persistentVolumeReclaimPolicy = "Retain";
    if (!volume.spec.volumeMode) volume.spec.volumeMode = "Filesystem";
  }
  void on_create(corev1::PersistentVolume& volume) const override { volume.status.phase = "Pending"; }
  void check(const corev1::PersistentVolume& volume, FieldErrors& errors) const override { check_volume_spec(volume.spec, false, spec_path, errors); }
  void check_update(const corev1::PersistentVolume& next, const corev1::PersistentVolume& previous, FieldErrors& errors) const override {
    // The secret for expansions may come late.
    corev1::PersistentVolumeSource source = next.spec.persistentVolumeSource;
    const auto& before = previous.spec.persistentVolumeSource;
    if (source.csi && before.csi && !before.csi->controllerExpandSecretRef) source.csi->controllerExpandSecretRef.reset();
    if (!api::semantically_equal(corev1::PersistentVolumeSource::info(), &source, &before))
      errors.forbidden(spec_path.child("persistentvolumesource"), "spec.persistentvolumesource is immutable after creation");
    check_immutable(next.spec.volumeMode != previous.spec.volumeMode, FieldPath("volumeMode"), quoted(next.spec.volumeMode.value_or("")), errors);
    if (previous.spec.nodeAffinity)
      check_immutable(!(next.spec.nodeAffinity == previous.spec.nodeAffinity), FieldPath("nodeAffinity"), "null", errors);
    if (previous.spec.volumeAttributesClassName && !next.spec.volumeAttributesClassName)
      errors.forbidden(spec_path.child("volumeAttributesClassName"), "update from non-nil value to nil is forbidden");
  }
  std::vector<Cell> cells(const corev1::PersistentVolume& volume, WallTime now) const override {
    const auto& spec = volume.spec;
    const auto& claim = spec.claimRef;
    return {volume.metadata.name,
            text_of(spec.capacity, "storage"),
            access_modes(spec.accessModes),
            spec.persistentVolumeReclaimPolicy,
            volume.metadata.deletionTimestamp ? "Terminating" : volume.status.phase.str(),
            claim ? claim->namespace_.str() + "/" + claim->name.str() : "",
            spec.storageClassName,
            spec.volumeAttributesClassName.value_or("<unset>"),
            volume.status.reason,
            age(volume, now),
            spec.volumeMode.value_or("<unset>")};
  }
};

const Registered<Resource> registered_persistentvolumes{"persistentvolumes", [] { return std::make_unique<PersistentVolumes>(); }};

}  // namespace
}  // namespace plumb::resources
