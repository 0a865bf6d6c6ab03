// `plumb conformance coverage`: what the tests reach of what upstream lists.
#pragma once

#include <string>
#include <vector>

#include "harness/cli/command.h"

namespace plumb::harness {

int coverage_command(const std::vector<std::string>& args, cli::Globals globals);

}  // namespace plumb::harness
