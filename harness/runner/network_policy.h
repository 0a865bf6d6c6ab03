// Whether NetworkPolicies are enforced: a pod that answers another one is put under a policy that allows nothing, and goes silent or does not.
#pragma once

#include <optional>
#include <string>

#include "harness/client/rest.h"
#include "harness/runner/images.h"

namespace plumb::harness {

// Why policies have no effect, or nullopt. The cluster runs the test images. Makes a namespace, as missing_image() does.
Result<std::optional<std::string>> missing_network_policy(client::Client& client, const Images& images, const std::string& run);

}  // namespace plumb::harness
