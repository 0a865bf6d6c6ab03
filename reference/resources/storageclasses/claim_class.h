// Which storage class a claim or volume is of, by its spec or the annotation that went before it, and which class is the default.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/api/types/storagev1.h"

namespace plumb::resources {

inline constexpr std::string_view beta_class_annotation = "volume.beta.kubernetes.io/storage-class";

// "" for none.
std::string_view class_of(const corev1::PersistentVolumeClaim& claim);
std::string_view class_of(const corev1::PersistentVolume& volume);
// False where the default class is to be filled in; the class "" has been chosen, too.
bool has_class(const corev1::PersistentVolumeClaim& claim);

bool is_default(const storagev1::StorageClass& storage_class);
// Of those that say they are, the newest; among equally old ones the first by name. nullptr for none.
std::shared_ptr<const storagev1::StorageClass> default_class(const std::vector<std::shared_ptr<const storagev1::StorageClass>>& all);

}  // namespace plumb::resources
