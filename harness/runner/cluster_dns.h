// Whether pods can look names of the cluster up.
#pragma once

#include <optional>
#include <string>

#include "harness/client/rest.h"
#include "harness/runner/images.h"

namespace plumb::harness {

// Why no names of the cluster resolve in pods, or nullopt. The cluster runs the test images. Makes a namespace, as missing_image() does.
Result<std::optional<std::string>> missing_dns(client::Client& client, const Images& images, const std::string& run);

}  // namespace plumb::harness
