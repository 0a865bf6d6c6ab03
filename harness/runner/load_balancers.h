// Whether Services of type LoadBalancer get an address.
#pragma once

#include <optional>
#include <string>

#include "harness/client/rest.h"

namespace plumb::harness {

// Why they get none, or nullopt. Makes a namespace with a Service, which is removed again. Where nobody takes the Service on within seconds nobody is
// waited for; a cloud that does may take minutes.
Result<std::optional<std::string>> missing_load_balancers(client::Client& client, const std::string& run);

}  // namespace plumb::harness
