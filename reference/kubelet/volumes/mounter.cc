#include "reference/kubelet/volumes/mounter.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness/base/file.h"
#include "harness/base/process.h"

namespace plumb::kubelet {
namespace {

constexpr int kNothingFound = 2;  // blkid's answer for a device without anything it knows
constexpr std::size_t kLookedAt = 1 << 20;
constexpr Duration kMountLimit = std::chrono::minutes(2);

std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t n = 0; n < text.size(); n++) {
    if (text[n] == '\\' && n + 3 < text.size() && text[n + 1] >= '0' && text[n + 1] <= '3') {
      plain += static_cast<char>((text[n + 1] - '0') * 64 + (text[n + 2] - '0') * 8 + (text[n + 3] - '0'));
      n += 3;
    } else {
      plain += text[n];
    }
  }
  return plain;
}

std::string joined(const std::vector<std::string>& words, const char* separator) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : separator) + word;
  return text;
}

Status run_tool(const std::vector<std::string>& args) {
  const auto done = run_and_capture({.args = args}, {.limit = kMountLimit});
  if (!done.ok()) return Error(done.error()).in("running " + joined(args, " "));
  if (done->status.ok()) return {};
  return fail(Code::internal, joined(args, " ") + " failed (" + done->status.text() + "): " + done->err.substr(0, done->err.find_last_not_of('\n') + 1));
}

// blkid says the same of a device that it could not read, and of data that it does not know: neither may be written over.
Status check_empty(const std::string& device) {
  std::ifstream file(device, std::ios::binary);
  std::vector<char> start(kLookedAt);
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  if (file.gcount() == 0) return fail(Code::internal, "reading " + device + " before a file system is made on it: nothing could be read");
  if (std::any_of(start.begin(), start.begin() + file.gcount(), [](char byte) { return byte != 0; }))
    return fail(Code::internal, device + " holds data but no file system that blkid knows; it is left as it is: wipe it (wipefs, dd) to have one made");
  return {};
}

class SystemMounter final : public Mounter {
 public:
  Status bind(const std::string& source, const std::string& target, bool read_only) override {
    if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) < 0) return fail_errno("mounting " + source + " on " + target);
    if (!read_only || ::mount(nullptr, target.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0) return {};
    const Error why = fail_errno("making the mount on " + target + " read-only");
    (void)umount2(target.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH);
    return why;
  }

  Status mount_memory(const std::string& target, const std::string& options) override {
    if (::mount("tmpfs", target.c_str(), "tmpfs", 0, options.c_str()) < 0) return fail_errno("mounting tmpfs on " + target);
    return {};
  }

  Status mount(const std::string& type, const std::string& source, const std::string& target, const std::vector<std::string>& options) override {
    std::vector<std::string> args = {"mount", "-t", type};
    if (!options.empty()) args.insert(args.end(), {"-o", joined(options, ",")});
    args.insert(args.end(), {"--", source, target});
    return run_tool(args);
  }

  Status mount_device(const std::string& device, const std::string& target, const std::string& type, const std::vector<std::string>& options) override {
    const auto found = PLUMB_TRY(run_and_capture({.args = {"blkid", "-p", "-s", "TYPE", "-s", "PTTYPE", "-o", "export", device}}));
    if (found.status.signal == 0 && found.status.code == kNothingFound) {
      PLUMB_TRY(check_empty(device));
      std::vector<std::string> make = {"mkfs." + type};
      if (type.starts_with("ext")) make.insert(make.end(), {"-F", "-m0"});
      make.push_back(device);
      PLUMB_TRY(run_tool(make));
    } else if (!found.status.ok()) {
      return fail(Code::internal, "finding out what is on " + device + ": blkid: " + found.status.text() + " " + found.err);
    }
    return mount(type, device, target, options);
  }

  Status unmount(const MountPoint& at) override {
    const int flags = UMOUNT_NOFOLLOW | (at.type == "tmpfs" ? MNT_DETACH : 0);
    if (umount2(at.path.c_str(), flags) < 0) return fail_errno("unmounting " + at.path);
    return {};
  }

  Result<bool> is_mount_point(const std::string& path) override {
    struct statx facts {};
    if (statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_TYPE, &facts) < 0)
      return errno == ENOENT || errno == ENOTDIR ? Result<bool>(false) : Result<bool>(fail_errno("looking at " + path));
    if (facts.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) return (facts.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    std::error_code error;
    const std::string real = std::filesystem::weakly_canonical(path, error).string();
    const auto mounts = PLUMB_TRY(mounts_below(path));
    return std::any_of(mounts.begin(), mounts.end(), [&](const MountPoint& mount) { return mount.path == real; });
  }

  Result<std::vector<MountPoint>> mounts_below(const std::string& path) override {
    std::error_code error;
    const std::string real = std::filesystem::weakly_canonical(path, error).string();
    if (error) return fail(Code::internal, "finding " + path + ": " + error.message());
    auto mounts = parse_mounts(PLUMB_TRY(plumb::read_file("/proc/thread-self/mountinfo")));
    std::erase_if(mounts, [&](const MountPoint& mount) { return mount.path != real && !mount.path.starts_with(real + "/"); });
    std::reverse(mounts.begin(), mounts.end());  // a mount stands after those that it lies in or covers
    return mounts;
  }
};

}  // namespace

std::unique_ptr<Mounter> system_mounter() { return std::make_unique<SystemMounter>(); }

std::vector<MountPoint> parse_mounts(const std::string& mountinfo) {
  std::vector<MountPoint> mounts;
  std::istringstream table(mountinfo);
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::vector<std::string> fields;
    for (std::string word; words >> word;) fields.push_back(std::move(word));
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 7 || dash == fields.end() || dash + 1 == fields.end()) continue;
    mounts.push_back({unescape(fields[4]), *(dash + 1)});
  }
  return mounts;
}

Status unmount_all(Mounter& mounter, const std::string& path) {
  for (const MountPoint& mount : PLUMB_TRY(mounter.mounts_below(path))) PLUMB_TRY(mounter.unmount(mount));
  if (const auto left = PLUMB_TRY(mounter.mounts_below(path)); !left.empty())
    return fail(Code::internal, "unmounting " + path + ": " + left.front().path + " is still mounted");
  return {};
}

}  // namespace plumb::kubelet
