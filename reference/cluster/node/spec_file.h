// How a NodeSpec travels to process 1 of the node.
#pragma once

#include "reference/cluster/node/machine.h"

namespace plumb::cluster {

Status write_spec(const NodeSpec& spec, const std::string& path);
Result<NodeSpec> read_spec(const std::string& path);

}  // namespace plumb::cluster
