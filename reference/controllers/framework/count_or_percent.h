// Fields that hold a count or a percentage of one (maxSurge, maxUnavailable).
#pragma once

#include <cstdint>

#include "reference/api/values/scalars.h"

namespace plumb::controllers {

// A count, or a percentage of `total` rounded up or down. Anything malformed is 0.
std::int32_t scaled_value(const api::IntOrString& value, std::int32_t total, bool round_up);

}  // namespace plumb::controllers
