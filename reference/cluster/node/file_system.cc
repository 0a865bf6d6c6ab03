#include "reference/cluster/node/file_system.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>

namespace plumb::cluster {
namespace {

namespace fs = std::filesystem;

Status mount_or_fail(const char* source, const std::string& target, const char* type, unsigned long flags, const std::string& data = {}) {
  if (mount(source, target.c_str(), type, flags, data.empty() ? nullptr : data.c_str()) == 0) return {};
  return fail_errno("mounting " + std::string(type ? type : source) + " on " + target);
}

// A folder that must keep its path although a mount will cover it.
class Kept {
 public:
  explicit Kept(std::string path) : path_(std::move(path)), fd_(open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}
  Kept(Kept&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  ~Kept() {
    if (fd_ >= 0) close(fd_);
  }
  bool is_below(const std::string& folder) const { return path_.starts_with(folder + "/"); }
  Status restore() const {
    std::error_code error;
    fs::create_directories(path_, error);
    if (error) return fail(Code::internal, "making mount point " + path_ + ": " + error.message());
    return mount_or_fail(("/proc/self/fd/" + std::to_string(fd_)).c_str(), path_, nullptr, MS_BIND | MS_REC);
  }

 private:
  std::string path_;
  int fd_;
};

Status cover_folders(const NodeSpec& spec) {
  std::vector<Kept> kept;
  kept.emplace_back(spec.cluster.dir);
  kept.emplace_back(fs::path(spec.program).parent_path());
  for (const auto& archive : spec.image_archives) kept.emplace_back(fs::path(archive).parent_path());
  const std::string dir = node_dir(spec.cluster, spec.name);
  const int own_fd = open(dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (own_fd < 0) return fail_errno("opening " + dir);
  const std::string base = "/proc/self/fd/" + std::to_string(own_fd);
  PLUMB_TRY(mount_or_fail((base + "/var-lib").c_str(), "/var/lib", nullptr, MS_BIND));
  PLUMB_TRY(mount_or_fail((base + "/var-log").c_str(), "/var/log", nullptr, MS_BIND));
  PLUMB_TRY(mount_or_fail((base + "/tmp").c_str(), "/tmp", nullptr, MS_BIND));
  PLUMB_TRY(mount_or_fail("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"));
  close(own_fd);
  for (const auto& folder : kept)
    for (const char* covered : {"/var/lib", "/var/log", "/tmp", "/run"})
      if (folder.is_below(covered)) PLUMB_TRY(folder.restore());
  return {};
}

// The node's part of every hierarchy, at the path where the host has the whole. On a hybrid host the node sees v1 alone: that is where the
// controllers are, and container runtimes know how to deal with v1 and with v2, but not all with both.
Status mount_cgroups(const std::vector<CgroupMount>& cgroups) {
  PLUMB_TRY(mount_or_fail("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC));
  const bool only_v2 = cgroups.size() == 1 && cgroups[0].v2;
  if (!only_v2) PLUMB_TRY(mount_or_fail("tmpfs", "/sys/fs/cgroup", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755"));
  for (const auto& mount : cgroups) {
    if (mount.v2 && !only_v2) continue;
    std::error_code ignored;
    if (!only_v2) fs::create_directories(mount.path, ignored);
    PLUMB_TRY(mount_or_fail("cgroup", mount.path, mount.v2 ? "cgroup2" : "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, mount.options));
  }
  return {};
}

}  // namespace

bool overlay_works_in(const std::string& dir) {
  const fs::path base = fs::path(dir) / "overlay-probe";
  std::error_code ignored;
  for (const char* name : {"lower", "upper", "work", "merged"}) fs::create_directories(base / name, ignored);
  const std::string data = "lowerdir=" + (base / "lower").string() + ",upperdir=" + (base / "upper").string() + ",workdir=" + (base / "work").string();
  const bool works = mount("overlay", (base / "merged").c_str(), "overlay", 0, data.c_str()) == 0;
  if (works) umount2((base / "merged").c_str(), MNT_DETACH);
  fs::remove_all(base, ignored);
  return works;
}

Status set_up_file_system(const NodeSpec& spec, const std::vector<CgroupMount>& cgroups) {
  if (mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) return fail_errno("taking the mounts apart from the host's");
  PLUMB_TRY(mount_or_fail("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC));
  PLUMB_TRY(cover_folders(spec));
  PLUMB_TRY(mount_cgroups(cgroups));
  // Shared among the node's own namespaces: volumes with mount propagation need it.
  if (mount("", "/", nullptr, MS_REC | MS_SHARED, nullptr) < 0) return fail_errno("sharing the node's mounts");
  return {};
}

}  // namespace plumb::cluster
