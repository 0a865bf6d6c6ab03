// Provisioners that Kubernetes once had built in, "kubernetes.io/…": some are CSI drivers now, the others are gone.
#pragma once

#include <string_view>

namespace plumb::controllers::persistentvolumebinder {

// Whom to leave the volumes of a provisioner to; "" when it was built in and nobody took its place.
std::string_view external_driver(std::string_view provisioner);

}  // namespace plumb::controllers::persistentvolumebinder
