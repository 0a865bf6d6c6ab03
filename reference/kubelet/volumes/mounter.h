// Mounts of this machine, as far as volumes need them; tests have one of their own. Safe from any thread; calls block.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/base/result.h"

namespace plumb::kubelet {

struct MountPoint {
  std::string path, type;  // type: of the file system, "tmpfs"
  bool operator==(const MountPoint&) const = default;
};

class Mounter {
 public:
  virtual ~Mounter() = default;

  // What lies at `source` shows at `target`, too: a folder at a folder, a file at a file.
  virtual Status bind(const std::string& source, const std::string& target, bool read_only) = 0;
  virtual Status mount_memory(const std::string& target, const std::string& options) = 0;
  // By the program mount, which knows the helpers of file systems.
  virtual Status mount(const std::string& type, const std::string& source, const std::string& target, const std::vector<std::string>& options) = 0;
  // The file system on a block device; one is made when the device holds none at all, and only then.
  virtual Status mount_device(const std::string& device, const std::string& target, const std::string& type, const std::vector<std::string>& options) = 0;
  // The topmost mount at this very path. What lies in memory goes also while something still has it open.
  virtual Status unmount(const MountPoint& at) = 0;
  // Whether something is mounted at this very path; false when there is no such path.
  virtual Result<bool> is_mount_point(const std::string& path) = 0;
  // The mounts at `path` and below it, in the order in which they can be unmounted.
  virtual Result<std::vector<MountPoint>> mounts_below(const std::string& path) = 0;
};

// Acts in the mount namespace of the calling thread.
std::unique_ptr<Mounter> system_mounter();

// One line of /proc/<pid>/mountinfo; nothing when it is none. Paths come with \040 and the like resolved.
std::vector<MountPoint> parse_mounts(const std::string& mountinfo);

// Unmounts all at `path` and below it, and answers ok only when the mount table shows none any more.
Status unmount_all(Mounter& mounter, const std::string& path);

}  // namespace plumb::kubelet
