// The rules of a claim's spec, wherever one stands.
#pragma once

#include "reference/api/types/corev1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

void check_claim_spec(const corev1::PersistentVolumeClaimSpec& spec, const FieldPath& path, FieldErrors& errors);

}  // namespace plumb::resources
