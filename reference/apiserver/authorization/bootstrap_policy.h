// The roles and bindings that upstream creates at first start: what the system's users, service accounts and people may do.
#pragma once

#include <memory>
#include <vector>

#include "reference/api/object.h"

namespace plumb::apiserver {

std::vector<std::shared_ptr<api::Object>> bootstrap_policy();

}  // namespace plumb::apiserver
