// Work inside a folder that others may change meanwhile, symbolic links included: nothing here ever leaves it.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "harness/base/result.h"

namespace plumb::kubelet {

// An open file or folder; what it stands for stays the same whatever becomes of its path.
class Handle {
 public:
  explicit Handle(int fd) : fd_(fd) {}
  Handle(Handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Handle();
  int fd() const { return fd_; }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

// What `relative` names below `base`. Symbolic links count as long as they stay below. not_found when there is nothing, permission_denied when it
// leads out. Not opened for reading: fit for stat and mounts.
Result<Handle> open_beneath(const std::string& base, std::string_view relative);
// The same; folders that are missing are made, with the mode of `base`.
Result<Handle> make_beneath(const std::string& base, std::string_view relative);

// Removes the folder and everything in it. Stops with an error before anything that is mounted, and follows no symbolic link. A folder that is not
// there is a success.
Status remove_folder(const std::string& path);

// Gives everything in the folder to a group, as fsGroup asks for: the group may read (and write, unless read_only), new files inherit it. With
// only_on_mismatch nothing is done when the folder itself is right. The folder is changed last, so that a walk that broke off is done again.
Status give_to_group(const std::string& path, gid_t group, bool read_only, bool only_on_mismatch);

}  // namespace plumb::kubelet
