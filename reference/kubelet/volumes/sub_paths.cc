#include "reference/kubelet/volumes/sub_paths.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "reference/kubelet/volumes/beneath.h"
#include "reference/kubelet/volumes/plugin.h"

namespace plumb::kubelet {
namespace {

namespace fs = std::filesystem;

constexpr char kFolder[] = "/volume-subpaths";

Status check_sub_path(const std::string& relative) {
  bool outside = fs::path(relative).is_absolute();
  for (const auto& part : fs::path(relative)) outside |= part == "..";
  return outside ? Status(fail(Code::invalid_argument, "subPath \"" + relative + "\" must be below the volume")) : Status();
}

Result<Handle> open_source(const SubPath& wanted) {
  auto there = open_beneath(wanted.volume_path, wanted.relative);
  if (there.ok() || there.error().code != Code::not_found || wanted.read_only) return there;
  return make_beneath(wanted.volume_path, wanted.relative);
}

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

Status make_target(const std::string& target, bool folder) {
  PLUMB_TRY(make_mount_target(folder ? target : fs::path(target).parent_path().string()));
  if (folder) return {};
  const Handle file(open(target.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640));
  return file.fd() < 0 ? Status(fail_errno("making " + target)) : Status();
}

}  // namespace

Result<std::string> set_up_sub_path(const SubPath& wanted, Mounter& mounter) {
  PLUMB_TRY(check_sub_path(wanted.relative));
  const Handle source = PLUMB_TRY(open_source(wanted));
  struct stat facts {}, shown {};
  if (fstat(source.fd(), &facts) < 0) return fail_errno("looking at subPath \"" + wanted.relative + "\" of " + wanted.volume_path);
  const std::string target = wanted.pod_dir + kFolder + "/" + wanted.volume + "/" + wanted.container + "/" + std::to_string(wanted.number);
  if (PLUMB_TRY(mounter.is_mount_point(target))) {
    if (stat(target.c_str(), &shown) == 0 && same_file(facts, shown)) return target;
    PLUMB_TRY(unmount_all(mounter, target));
  }
  PLUMB_TRY(remove_mount_target(target));
  PLUMB_TRY(make_target(target, S_ISDIR(facts.st_mode)));
  PLUMB_TRY(mounter.bind(source.path(), target, false));
  return target;
}

Status tear_down_sub_paths(const std::string& pod_dir, Mounter& mounter) {
  const std::string folder = pod_dir + kFolder;
  PLUMB_TRY(unmount_all(mounter, folder));
  std::error_code error;
  for (const auto& volume : fs::directory_iterator(folder, error)) {
    for (const auto& container : fs::directory_iterator(volume.path(), error)) {
      for (const auto& target : fs::directory_iterator(container.path(), error)) PLUMB_TRY(remove_mount_target(target.path().string()));
      PLUMB_TRY(remove_mount_target(container.path().string()));
    }
    PLUMB_TRY(remove_mount_target(volume.path().string()));
  }
  return remove_mount_target(folder);
}

}  // namespace plumb::kubelet
