// Whether Services lead anywhere: a pod asks another one through a Service, and gets its answer or does not.
#pragma once

#include <optional>
#include <string>

#include "harness/client/rest.h"
#include "harness/runner/images.h"

namespace plumb::harness {

// Why the addresses of Services lead nowhere, or nullopt. The cluster runs the test images. Makes a namespace, as missing_image() does.
Result<std::optional<std::string>> missing_service_network(client::Client& client, const Images& images, const std::string& run);

}  // namespace plumb::harness
