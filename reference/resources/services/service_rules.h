// Rules of services. Addresses and node ports are given out elsewhere; here a service is checked with or without them.
#pragma once

#include "reference/api/types/corev1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

// An update that leaves allocated fields empty keeps them, as long as the type still has them; one that changes the type drops what
// the new type does not have.
void carry_over(corev1::Service& next, const corev1::Service& previous);
void check_service(const corev1::Service& service, FieldErrors& errors);
void check_service_update(const corev1::Service& next, const corev1::Service& previous, FieldErrors& errors);

}  // namespace plumb::resources
