// Reading whole files whose path somebody typed.
#pragma once

#include <cstddef>
#include <string>

#include "harness/base/result.h"

namespace plumb {

// The content. An error, which names the file and the reason, when it cannot be read, is no file (a folder, say) or is longer than `limit` bytes.
Result<std::string> read_file(const std::string& path, std::size_t limit = std::size_t{1} << 30);

}  // namespace plumb
