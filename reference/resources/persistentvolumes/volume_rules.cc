#include "reference/resources/persistentvolumes/volume_rules.h"

#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/storage_checks.h"

namespace plumb::resources {
namespace {

void check_secret(const api::Box<corev1::SecretReference>& secret, const FieldPath& path, FieldErrors& errors) {
  if (!secret) return;
  check_required(secret->name, path.child("name"), errors);
  check_required(secret->namespace_, path.child("namespace"), errors);
}

void check_csi(const corev1::CSIPersistentVolumeSource& csi, const FieldPath& path, FieldErrors& errors) {
  check_driver_name(csi.driver, path.child("driver"), errors);
  check_required(csi.volumeHandle, path.child("volumeHandle"), errors);
  check_secret(csi.controllerPublishSecretRef, path.child("controllerPublishSecretRef"), errors);
  check_secret(csi.controllerExpandSecretRef, path.child("controllerExpandSecretRef"), errors);
  check_secret(csi.nodePublishSecretRef, path.child("nodePublishSecretRef"), errors);
  check_secret(csi.nodeExpandSecretRef, path.child("nodeExpandSecretRef"), errors);
}

void check_iscsi(const corev1::ISCSIPersistentVolumeSource& iscsi, const FieldPath& path, FieldErrors& errors) {
  check_required(iscsi.targetPortal, path.child("targetPortal"), errors);
  check_required(iscsi.iqn, path.child("iqn"), errors);
  check_number(api::check_in_range(iscsi.lun, 0, 255), path.child("lun"), iscsi.lun, errors);
}

// Kinds that today's clusters hand to CSI drivers: what names the volume has to be there.
void check_handed_on(const corev1::PersistentVolumeSource& source, const FieldPath& path, FieldErrors& errors) {
  const auto needs = [&](std::string_view kind, std::string_view field, std::string_view value) {
    check_required(value, path.child(kind).child(field), errors);
  };
  if (source.gcePersistentDisk) needs("gcePersistentDisk", "pdName", source.gcePersistentDisk->pdName);
  if (source.awsElasticBlockStore) needs("awsElasticBlockStore", "volumeID", source.awsElasticBlockStore->volumeID);
  if (source.cinder) needs("cinder", "volumeID", source.cinder->volumeID);
  if (source.vsphereVolume) needs("vsphereVolume", "volumePath", source.vsphereVolume->volumePath);
  if (source.portworxVolume) needs("portworxVolume", "volumeID", source.portworxVolume->volumeID);
  if (source.flexVolume) needs("flexVolume", "driver", source.flexVolume->driver);
  if (source.azureFile) {
    needs("azureFile", "secretName", source.azureFile->secretName);
    needs("azureFile", "shareName", source.azureFile->shareName);
  }
  if (source.azureDisk) {
    needs("azureDisk", "diskName", source.azureDisk->diskName);
    needs("azureDisk", "diskURI", source.azureDisk->diskURI);
  }
  if (source.rbd) {
    if (source.rbd->monitors.empty()) errors.required(path.child("rbd").child("monitors"));
    needs("rbd", "image", source.rbd->image);
  }
  if (source.cephfs && source.cephfs->monitors.empty()) errors.required(path.child("cephfs").child("monitors"));
  if (source.glusterfs) {
    needs("glusterfs", "endpoints", source.glusterfs->endpoints);
    needs("glusterfs", "path", source.glusterfs->path);
  }
}

void check_node_affinity(const api::Box<corev1::VolumeNodeAffinity>& affinity, const FieldPath& path, FieldErrors& errors) {
  if (!affinity) return;
  if (affinity->required)
    check_node_selector(*affinity->required, path.child("required"), errors);
  else
    errors.required(path.child("required"), "must specify required node constraints");
}

void check_capacity(const api::Map<api::QuantityText>& capacity, const FieldPath& path, FieldErrors& errors) {
  if (capacity.empty()) errors.required(path);
  if (!capacity.contains("storage") || capacity.size() > 1) errors.not_supported(path, "null", {"storage"});
  for (const auto& [name, amount] : capacity) check_size(amount, path.key(name), errors);
}

bool is_root(std::string_view path) { return path.find_first_not_of("/.") == std::string_view::npos && path.starts_with('/'); }

}  // namespace

void check_volume_source(const corev1::PersistentVolumeSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const corev1::PersistentVolumeSource& source = spec.persistentVolumeSource;
  if (!check_single_type(corev1::PersistentVolumeSource::info(), &source, "hostPath", path, errors)) return;
  if (source.hostPath) check_host_path(*source.hostPath, path.child("hostPath"), errors);
  if (source.nfs) check_nfs(*source.nfs, path.child("nfs"), errors);
  if (source.csi) check_csi(*source.csi, path.child("csi"), errors);
  if (source.iscsi) check_iscsi(*source.iscsi, path.child("iscsi"), errors);
  if (source.local) {
    const FieldPath at = path.child("local").child("path");
    check_required(source.local->path, at, errors);
    check_no_backsteps(source.local->path, at, errors);
    if (!spec.nodeAffinity) errors.required(path.child("nodeAffinity"), "Local volume requires node affinity");
  }
  check_handed_on(source, path, errors);
}

void check_volume_spec(const corev1::PersistentVolumeSpec& spec, bool is_inline, const FieldPath& path, FieldErrors& errors) {
  if (spec.accessModes.empty()) errors.required(path.child("accessModes"));
  check_access_modes(spec.accessModes, path.child("accessModes"), errors);
  if (is_inline) {
    if (spec.claimRef) errors.forbidden(path.child("claimRef"), "may not be specified in the context of inline volumes");
    if (!spec.capacity.empty()) errors.forbidden(path.child("capacity"), "may not be specified in the context of inline volumes");
    if (!spec.storageClassName.empty()) errors.forbidden(path.child("storageClassName"), "may not be specified in the context of inline volumes");
    if (!spec.persistentVolumeSource.csi) errors.required(path.child("csi"), "has to be specified in the context of inline volumes");
  } else {
    check_capacity(spec.capacity, path.child("capacity"), errors);
  }
  check_node_affinity(spec.nodeAffinity, path.child("nodeAffinity"), errors);
  check_volume_source(spec, path, errors);
  if (spec.persistentVolumeSource.hostPath && spec.persistentVolumeReclaimPolicy == "Recycle" && is_root(spec.persistentVolumeSource.hostPath->path))
    errors.forbidden(path.child("persistentVolumeReclaimPolicy"), "may not be 'recycle' for a hostPath mount of '/'");
  if (!spec.storageClassName.empty()) check_class_name(spec.storageClassName, path.child("storageClassName"), errors);
  if (!spec.volumeAttributesClassName) return;
  const FieldPath at = path.child("volumeAttributesClassName");
  if (spec.volumeAttributesClassName->empty()) return errors.required(at, "an empty string is disallowed");
  check_class_name(*spec.volumeAttributesClassName, at, errors);
  if (!spec.persistentVolumeSource.csi) errors.required(path.child("csi"), "has to be specified when using volumeAttributesClassName");
}

}  // namespace plumb::resources
