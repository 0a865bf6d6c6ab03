// What process 1 of a node does to the file system it sees, once, at its start.
#pragma once

#include <string>
#include <vector>

#include "reference/cluster/node/cgroups.h"
#include "reference/cluster/node/machine.h"

namespace plumb::cluster {

// Precondition: the caller is in mount, pid, network and cgroup namespaces of its own. `cgroups` are the mounts seen before.
Status set_up_file_system(const NodeSpec& spec, const std::vector<CgroupMount>& cgroups);

// Whether overlayfs works with its layers in `dir` (it does not where that is on overlayfs itself).
bool overlay_works_in(const std::string& dir);

}  // namespace plumb::cluster
