#include "reference/kubelet/machine_usage.h"

#include <sys/statvfs.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness/base/encoding.h"

namespace plumb::kubelet {
namespace {

namespace fs = std::filesystem;

std::optional<std::uint64_t> number_in(const fs::path& file) {
  std::ifstream in(file);
  std::uint64_t value = 0;
  return in >> value ? std::optional(value) : std::nullopt;
}

// Of a file with a name and a number a line.
std::optional<std::uint64_t> field_in(const fs::path& file, const std::string& name) {
  std::ifstream in(file);
  std::string key;
  std::uint64_t value = 0;
  while (in >> key >> value)
    if (key == name) return value;
  return std::nullopt;
}

// Memory that the kernel could take back at once does not count, as in cAdvisor.
std::uint64_t working_set(std::uint64_t used, std::uint64_t inactive) { return used > inactive ? used - inactive : 0; }

std::optional<Usage> unified(const fs::path& folder) {
  const auto cpu = field_in(folder / "cpu.stat", "usage_usec");
  const auto memory = number_in(folder / "memory.current");
  if (!cpu || !memory) return std::nullopt;
  return Usage{*cpu * 1000, working_set(*memory, field_in(folder / "memory.stat", "inactive_file").value_or(0))};
}

std::optional<Usage> separate(const fs::path& top, const std::string& root) {
  std::optional<std::uint64_t> cpu;
  for (const char* hierarchy : {"cpuacct", "cpu,cpuacct", "cpuacct,cpu"})
    if (!cpu) cpu = number_in(top / hierarchy / root / "cpuacct.usage");
  const fs::path memory = top / "memory" / root;
  const auto used = number_in(memory / "memory.usage_in_bytes");
  if (!cpu || !used) return std::nullopt;
  return Usage{*cpu, working_set(*used, field_in(memory / "memory.stat", "total_inactive_file").value_or(0))};
}

}  // namespace

std::optional<Usage> cgroup_usage(const std::string& root, const std::string& top) {
  std::string below = root;
  while (below.starts_with('/')) below.erase(0, 1);
  std::error_code error;
  return fs::exists(fs::path(top) / "cgroup.controllers", error) ? unified(fs::path(top) / below) : separate(top, below);
}

std::optional<FilesystemUsage> filesystem_usage(const std::string& folder) {
  struct statvfs disk {};
  if (statvfs(folder.c_str(), &disk) != 0) return std::nullopt;
  FilesystemUsage usage;
  usage.available_bytes = disk.f_bavail * disk.f_frsize;
  usage.capacity_bytes = disk.f_blocks * disk.f_frsize;
  usage.used_bytes = (disk.f_blocks - disk.f_bfree) * disk.f_frsize;
  usage.inodes_free = disk.f_ffree;
  usage.inodes = disk.f_files;
  usage.inodes_used = disk.f_files - disk.f_ffree;
  return usage;
}

std::vector<InterfaceUsage> interface_usage(const std::string& text) {
  std::vector<InterfaceUsage> result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (colon == line.npos) continue;
    InterfaceUsage each;
    each.name = trim(line.substr(0, colon));
    std::istringstream numbers(line.substr(colon + 1));
    std::uint64_t skipped = 0;
    numbers >> each.received_bytes >> skipped >> each.received_errors;
    for (int i = 0; i < 5; ++i) numbers >> skipped;
    numbers >> each.sent_bytes >> skipped >> each.sent_errors;
    if (numbers && each.name != "lo") result.push_back(std::move(each));
  }
  return result;
}

std::vector<InterfaceUsage> interface_usage() {
  std::ifstream file("/proc/net/dev");
  std::ostringstream text;
  text << file.rdbuf();
  return interface_usage(text.str());
}

}  // namespace plumb::kubelet
