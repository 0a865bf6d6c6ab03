// How a worker for conformance tests is started.
#pragma once

#include <string>
#include <vector>

#include "harness/cli/command.h"
#include "harness/runner/images.h"

namespace plumb::harness {

// This program with the worker's sub-command, for the same cluster; a test's name and namespace follow.
std::vector<std::string> worker_command(const Images& images, const cli::Globals& globals);

}  // namespace plumb::harness
