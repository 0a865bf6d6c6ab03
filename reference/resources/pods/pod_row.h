// What a table says of a pod: STATUS, READY, RESTARTS.
#pragma once

#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {

std::vector<Column> pod_columns();
std::vector<Cell> pod_row(const corev1::Pod& pod, WallTime now);

}  // namespace plumb::resources
