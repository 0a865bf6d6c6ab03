// What this machine, or the cgroup that is its node, uses; read from the kernel.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/kubelet/usage.h"

namespace plumb::kubelet {

// Of a cgroup and all below it; `root` is its path in every hierarchy, "" for their own root. nullopt where the kernel does not say.
std::optional<Usage> cgroup_usage(const std::string& root, const std::string& top = "/sys/fs/cgroup");
std::optional<FilesystemUsage> filesystem_usage(const std::string& folder);
// Without the loopback interface; `text` is what /proc/net/dev says.
std::vector<InterfaceUsage> interface_usage(const std::string& text);
std::vector<InterfaceUsage> interface_usage();

}  // namespace plumb::kubelet
