#include "reference/resources/storageclasses/claim_class.h"

namespace plumb::resources {

std::string_view class_of(const corev1::PersistentVolumeClaim& claim) {
  if (const api::Str* annotated = claim.metadata.annotations.find(beta_class_annotation)) return *annotated;
  return claim.spec.storageClassName ? claim.spec.storageClassName->view() : std::string_view();
}

std::string_view class_of(const corev1::PersistentVolume& volume) {
  if (const api::Str* annotated = volume.metadata.annotations.find(beta_class_annotation)) return *annotated;
  return volume.spec.storageClassName;
}

bool has_class(const corev1::PersistentVolumeClaim& claim) {
  return claim.metadata.annotations.contains(beta_class_annotation) || claim.spec.storageClassName.has_value();
}

bool is_default(const storagev1::StorageClass& storage_class) {
  for (const std::string_view key : {"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"})
    if (const api::Str* value = storage_class.metadata.annotations.find(key); value && *value == "true") return true;
  return false;
}

std::shared_ptr<const storagev1::StorageClass> default_class(const std::vector<std::shared_ptr<const storagev1::StorageClass>>& all) {
  std::shared_ptr<const storagev1::StorageClass> best;
  for (const auto& each : all) {
    if (!is_default(*each)) continue;
    const metav1::ObjectMeta &a = each->metadata, *b = best ? &best->metadata : nullptr;
    if (!b || b->creationTimestamp < a.creationTimestamp || (a.creationTimestamp == b->creationTimestamp && a.name < b->name)) best = each;
  }
  return best;
}

}  // namespace plumb::resources
