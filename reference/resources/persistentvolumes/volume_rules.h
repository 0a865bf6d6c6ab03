// The rules of a volume's spec, wherever one stands.
#pragma once

#include "reference/api/types/corev1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

// Where the volume's data are: exactly one kind, well formed.
void check_volume_source(const corev1::PersistentVolumeSpec& spec, const FieldPath& path, FieldErrors& errors);
// `is_inline`: as a VolumeAttachment carries one, without what belongs to a volume of its own.
void check_volume_spec(const corev1::PersistentVolumeSpec& spec, bool is_inline, const FieldPath& path, FieldErrors& errors);

}  // namespace plumb::resources
