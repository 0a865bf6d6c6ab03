// The text form of sets of completion indexes ("0,2-5,9"), as statuses and success policies have it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/result.h"

namespace plumb::resources {

// How many indexes the text names. invalid_argument, in upstream's words, where it is malformed, not in order, or names an index that a
// job of `completions` does not have.
Result<std::int32_t> check_indexes(std::string_view text, std::int32_t completions);

// invalid_argument where an index is in both. What is malformed is passed over.
Status check_no_overlap(std::string_view completed, std::string_view failed, std::int32_t completions);

}  // namespace plumb::resources
