// Cgroup hierarchies of this host: v1 (one or several mounts), v2, or both (hybrid). A cluster has a folder of its own name in each.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"

namespace plumb::cluster {

struct CgroupMount {
  std::string path;     // mount point
  bool v2 = false;
  std::string options;  // v1: what names the hierarchy when mounting it again: "cpu,cpuacct", "none,name=systemd"
};

// From the text of /proc/self/mountinfo.
std::vector<CgroupMount> parse_cgroup_mounts(std::string_view mountinfo);
std::vector<CgroupMount> cgroup_mounts();

// Makes `path` ("plumb-x/node-1") in every hierarchy, ready for use: v1 cpusets filled, v2 controllers handed down to it.
Status make_cgroup(const std::vector<CgroupMount>& mounts, const std::string& path);
// Moves the calling process.
Status join_cgroup(const std::vector<CgroupMount>& mounts, const std::string& path);
// All processes in `path` and below it, in any hierarchy.
std::vector<pid_t> cgroup_processes(const std::vector<CgroupMount>& mounts, const std::string& path);
// SIGKILL to all of them until there is none.
Status kill_cgroup(const std::vector<CgroupMount>& mounts, const std::string& path, Duration limit);
// Removes `path` and what is below it everywhere. Ok when it is not there.
Status remove_cgroup(const std::vector<CgroupMount>& mounts, const std::string& path, Duration limit);

// Hands every available controller of the v2 folder `path` (absolute) down to its children.
Status delegate_controllers(const std::string& path);

}  // namespace plumb::cluster
