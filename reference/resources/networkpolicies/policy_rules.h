// What a NetworkPolicy must have: upstream's rules and messages.
#pragma once

#include "reference/api/types/networkingv1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

void check_network_policy(const networkingv1::NetworkPolicy& policy, FieldErrors& errors);

}  // namespace plumb::resources
