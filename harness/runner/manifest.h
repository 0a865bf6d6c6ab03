// YAML documents as JSON, with the typing that Kubernetes' tools use.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/base/result.h"

namespace plumb::harness {

Result<std::vector<nlohmann::json>> parse_yaml(const std::string& text);

}  // namespace plumb::harness
