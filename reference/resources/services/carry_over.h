// What a client need not say: values that were given out to a service stay with it, and those that its type no longer has go.
#pragma once

#include "reference/api/types/corev1.h"

namespace plumb::resources {

// A new service that names clusterIP alone has it as the first of clusterIPs.
void complete_cluster_ips(corev1::ServiceSpec& spec);
// An update that leaves allocated values empty keeps them; clusterIPs follows clusterIP, where only that was changed.
void keep_allocated(corev1::ServiceSpec& next, const corev1::ServiceSpec& previous);
// Drops what the new type does not have, as far as the client did not change it.
void drop_type_dependent(corev1::Service& next, const corev1::Service& previous);

}  // namespace plumb::resources
