#include "reference/cluster/node/cgroups.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "harness/base/encoding.h"

namespace plumb::cluster {
namespace {

namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Status put(const fs::path& path, std::string_view text) {
  std::ofstream file(path);
  file << text;
  if (!file.flush()) return fail_errno("writing " + path.string());
  return {};
}

void pause_briefly() { poll(nullptr, 0, 10); }

// Mount options that do not name a v1 hierarchy.
bool names_hierarchy(std::string_view option) {
  return option != "rw" && option != "ro" && option != "xattr" && option != "clone_children" && option != "cpuset_v2_mode" &&
         option != "favordynmods" && !option.starts_with("release_agent=");
}

// v1: a new cpuset is empty, and nothing may run in it, until both are written.
Status fill_cpuset(const fs::path& folder) {
  for (const char* name : {"cpuset.cpus", "cpuset.mems"}) {
    if (!fs::exists(folder / name) || !trim(slurp(folder / name)).empty()) continue;
    PLUMB_TRY(put(folder / name, slurp(folder.parent_path() / name)));
  }
  if (fs::exists(folder / "cgroup.clone_children")) PLUMB_TRY(put(folder / "cgroup.clone_children", "1"));
  return {};
}

std::vector<fs::path> folders_deepest_first(const fs::path& top) {
  std::vector<fs::path> result{top};
  std::error_code ignored;
  for (fs::recursive_directory_iterator at(top, ignored), end; !ignored && at != end; at.increment(ignored))
    if (at->is_directory(ignored)) result.push_back(at->path());
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.native().size() > b.native().size(); });
  return result;
}

}  // namespace

std::vector<CgroupMount> parse_cgroup_mounts(std::string_view mountinfo) {
  std::vector<CgroupMount> result;
  for (const auto line : split(mountinfo, '\n')) {
    const auto dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto left = split(line.substr(0, dash), ' '), right = split(line.substr(dash + 3), ' ');
    if (left.size() < 6 || right.size() < 3 || (right[0] != "cgroup" && right[0] != "cgroup2")) continue;
    CgroupMount mount{std::string(left[4]), right[0] == "cgroup2", {}};
    std::vector<std::string> options;
    for (const auto option : split(right[2], ','))
      if (!mount.v2 && names_hierarchy(option)) options.emplace_back(option);
    if (options.size() == 1 && options[0].starts_with("name=")) options.insert(options.begin(), "none");
    mount.options = join(options, ",");
    result.push_back(std::move(mount));
  }
  return result;
}

std::vector<CgroupMount> cgroup_mounts() { return parse_cgroup_mounts(slurp("/proc/self/mountinfo")); }

Status delegate_controllers(const std::string& path) {
  std::istringstream controllers(slurp(path + "/cgroup.controllers"));
  for (std::string name; controllers >> name;) PLUMB_TRY(put(path + "/cgroup.subtree_control", "+" + name));
  return {};
}

Status make_cgroup(const std::vector<CgroupMount>& mounts, const std::string& path) {
  for (const auto& mount : mounts) {
    fs::path folder = mount.path;
    for (const auto part : split(path, '/')) {
      if (mount.v2) PLUMB_TRY(delegate_controllers(folder));
      folder /= part;
      std::error_code error;
      fs::create_directory(folder, error);
      if (error) return fail(Code::permission_denied, "making cgroup " + folder.string() + ": " + error.message() + "; root is needed");
      if (!mount.v2) PLUMB_TRY(fill_cpuset(folder));
    }
  }
  return {};
}

Status join_cgroup(const std::vector<CgroupMount>& mounts, const std::string& path) {
  for (const auto& mount : mounts) PLUMB_TRY(put(fs::path(mount.path) / path / "cgroup.procs", "0"));
  return {};
}

std::vector<pid_t> cgroup_processes(const std::vector<CgroupMount>& mounts, const std::string& path) {
  std::set<pid_t> pids;
  for (const auto& mount : mounts)
    for (const auto& folder : folders_deepest_first(fs::path(mount.path) / path)) {
      std::istringstream lines(slurp(folder / "cgroup.procs"));
      for (pid_t pid; lines >> pid;)
        if (pid > 0) pids.insert(pid);
    }
  return {pids.begin(), pids.end()};
}

Status kill_cgroup(const std::vector<CgroupMount>& mounts, const std::string& path, Duration limit) {
  const Instant deadline = real_clock().now() + limit;
  while (true) {
    const auto pids = cgroup_processes(mounts, path);
    if (pids.empty()) return {};
    if (real_clock().now() > deadline)
      return fail(Code::deadline_exceeded, "killing the processes of cgroup " + path + ": process " + std::to_string(pids[0]) + " does not end");
    for (const pid_t pid : pids)
      if (pid != getpid()) ::kill(pid, SIGKILL);
    pause_briefly();
  }
}

Status remove_cgroup(const std::vector<CgroupMount>& mounts, const std::string& path, Duration limit) {
  const Instant deadline = real_clock().now() + limit;
  for (const auto& mount : mounts) {
    const fs::path top = fs::path(mount.path) / path;
    while (fs::exists(top)) {
      for (const auto& folder : folders_deepest_first(top)) rmdir(folder.c_str());
      if (!fs::exists(top)) break;
      if (real_clock().now() > deadline) return fail_errno("removing cgroup " + top.string());
      pause_briefly();
    }
  }
  return {};
}

}  // namespace plumb::cluster
