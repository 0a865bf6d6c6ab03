#include "reference/kubelet/volumes/plugin.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "harness/base/log.h"
#include "reference/kubelet/volumes/beneath.h"

namespace plumb::kubelet {
namespace {

const std::map<std::string, std::unique_ptr<VolumePlugin>>& plugins() {
  static const auto all = [] {
    std::map<std::string, std::unique_ptr<VolumePlugin>> made;
    for (const auto& [name, factory] : Registry<VolumePlugin>::all()) made.emplace(folder_name(name), factory());
    return made;
  }();
  return all;
}

}  // namespace

Status VolumePlugin::tear_down(const std::string& folder, VolumeTools& tools) const {
  PLUMB_TRY(unmount_all(tools.mounter, folder));
  return remove_mount_target(folder);
}

Status EphemeralVolumePlugin::tear_down(const std::string& folder, VolumeTools& tools) const {
  PLUMB_TRY(unmount_all(tools.mounter, folder));
  return remove_folder(folder);
}

std::string folder_name(std::string_view plugin) {
  std::string name(plugin);
  std::replace(name.begin(), name.end(), '/', '~');
  return name;
}

const VolumePlugin* plugin_of_folder(std::string_view folder_name) {
  const auto found = plugins().find(std::string(folder_name));
  return found == plugins().end() ? nullptr : found->second.get();
}

const VolumePlugin* plugin_for(const VolumeSpec& spec) {
  for (const auto& [name, plugin] : plugins())
    if (plugin->supports(spec)) return plugin.get();
  return nullptr;
}

std::int64_t fs_group(const corev1::Pod& pod) {
  const auto& security = pod.spec.securityContext;
  return security && security->fsGroup ? *security->fsGroup : -1;
}

Status own_by_fs_group(const corev1::Pod& pod, const std::string& path, bool read_only) {
  const std::int64_t group = fs_group(pod);
  if (group < 0) return {};
  const bool only_on_mismatch = pod.spec.securityContext->fsGroupChangePolicy.value_or("").view() == "OnRootMismatch";
  return give_to_group(path, static_cast<gid_t>(group), read_only, only_on_mismatch);
}

Status make_mount_target(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return fail(Code::internal, "making " + path + ": " + error.message());
  if (chmod(path.c_str(), 0750) < 0) return fail_errno("changing the mode of " + path);
  return {};
}

Status remove_mount_target(const std::string& path) {
  struct stat facts {};
  if (lstat(path.c_str(), &facts) < 0) return errno == ENOENT ? Status() : Status(fail_errno("looking at " + path));
  if ((S_ISDIR(facts.st_mode) ? rmdir(path.c_str()) : unlink(path.c_str())) == 0 || errno == ENOENT) return {};
  if (errno != ENOTEMPTY && errno != EEXIST) return fail_errno("removing " + path);
  log::warning("kubelet", path + " holds files though nothing is mounted on it: they are left, remove them by hand");
  return {};
}

Status mount_once(Mounter& mounter, const std::string& path, const std::function<Status()>& mount) {
  if (PLUMB_TRY(mounter.is_mount_point(path))) return {};
  PLUMB_TRY(make_mount_target(path));
  const Status done = mount();
  if (!done.ok()) (void)remove_mount_target(path);
  return done;
}

}  // namespace plumb::kubelet
