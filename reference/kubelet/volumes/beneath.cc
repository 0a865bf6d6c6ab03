#include "reference/kubelet/volumes/beneath.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>

namespace plumb::kubelet {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 1000;  // folders below each other: each one is an open descriptor
constexpr int kTries = 10;       // the kernel answers EAGAIN when something was renamed meanwhile

int open_in(int folder, const char* name, std::uint64_t flags, std::uint64_t resolve) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = resolve;
  long fd = -1;
  for (int n = 0; n < kTries && fd < 0; n++) {
    fd = syscall(SYS_openat2, folder, name, &how, sizeof how);
    if (fd < 0 && errno != EAGAIN && errno != EINTR) break;
  }
  return static_cast<int>(fd);
}

Error why_not(const std::string& base, std::string_view relative) {
  const std::string what = "\"" + std::string(relative) + "\" below " + base;
  if (errno == EXDEV || errno == ELOOP) return fail(Code::permission_denied, what + " leads out of the volume");
  const Code code = errno == ENOENT ? Code::not_found : Code::internal;
  Error error = fail_errno("opening " + what);
  error.code = code;
  return error;
}

Result<Handle> open_base(const std::string& base) {
  Handle folder(open(base.c_str(), O_PATH | O_CLOEXEC));
  if (folder.fd() < 0) return fail_errno("opening " + base);
  return folder;
}

Result<Handle> open_from(const Handle& folder, const std::string& base, std::string_view relative) {
  const std::string name = relative.empty() ? "." : std::string(relative);
  Handle opened(open_in(folder.fd(), name.c_str(), O_PATH, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS));
  if (opened.fd() < 0) return why_not(base, relative);
  return opened;
}

// The entries of an open folder. `visit` gets the folder's descriptor and a name.
Status each_entry(int folder, const std::string& path, const std::function<Status(int, const char*)>& visit) {
  const int copy = dup(folder);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(copy < 0 ? nullptr : fdopendir(copy), closedir);
  if (!entries) return fail_errno("listing " + path);
  rewinddir(entries.get());
  while (const dirent* entry = readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") PLUMB_TRY(visit(folder, entry->d_name));
  }
  return {};
}

// A folder in another, to go into; never one that something is mounted on.
Result<Handle> enter(int folder, const char* name, const std::string& path) {
  Handle inner(open_in(folder, name, O_RDONLY | O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV));
  if (inner.fd() >= 0) return inner;
  if (errno == EXDEV) return fail(Code::internal, path + " is mounted: it is not touched");
  return fail_errno("opening " + path);
}

bool is_folder(int folder, const char* name) {
  struct stat facts {};
  return fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(facts.st_mode);
}

Status remove_content(int folder, const std::string& path, int depth) {
  if (depth > kMaxDepth) return fail(Code::resource_exhausted, "removing " + path + ": too many folders below each other");
  return each_entry(folder, path, [&](int parent, const char* name) -> Status {
    const std::string inner_path = path + "/" + name;
    const bool inner_folder = is_folder(parent, name);
    if (inner_folder) {
      const Handle inner = PLUMB_TRY(enter(parent, name, inner_path));
      PLUMB_TRY(remove_content(inner.fd(), inner_path, depth + 1));
    }
    if (unlinkat(parent, name, inner_folder ? AT_REMOVEDIR : 0) < 0 && errno != ENOENT) return fail_errno("removing " + inner_path);
    return {};
  });
}

mode_t group_bits(bool is_dir, bool read_only) { return (read_only ? 0440 : 0660) | (is_dir ? S_ISGID | 0110 : 0); }

Status give_one(int fd, const std::string& path, gid_t group, bool read_only) {
  struct stat facts {};
  if (fstat(fd, &facts) < 0) return fail_errno("looking at " + path);
  if (fchownat(fd, "", static_cast<uid_t>(-1), group, AT_EMPTY_PATH) < 0) return fail_errno("giving " + path + " to its group");
  if (S_ISLNK(facts.st_mode)) return {};
  const mode_t mode = (facts.st_mode & 07777) | group_bits(S_ISDIR(facts.st_mode), read_only);
  if (chmod(("/proc/self/fd/" + std::to_string(fd)).c_str(), mode) < 0) return fail_errno("changing the mode of " + path);
  return {};
}

Status give_content(int folder, const std::string& path, gid_t group, bool read_only, int depth) {
  if (depth > kMaxDepth) return fail(Code::resource_exhausted, "giving " + path + " to its group: too many folders below each other");
  return each_entry(folder, path, [&](int parent, const char* name) -> Status {
    const std::string inner_path = path + "/" + name;
    const bool inner_folder = is_folder(parent, name);
    const Handle inner = inner_folder ? PLUMB_TRY(enter(parent, name, inner_path)) : Handle(openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (inner.fd() < 0) return errno == ENOENT ? Status() : Status(fail_errno("opening " + inner_path));
    if (inner_folder) PLUMB_TRY(give_content(inner.fd(), inner_path, group, read_only, depth + 1));
    return give_one(inner.fd(), inner_path, group, read_only);
  });
}

}  // namespace

Handle::~Handle() {
  if (fd_ >= 0) close(fd_);
}

Result<Handle> open_beneath(const std::string& base, std::string_view relative) { return open_from(PLUMB_TRY(open_base(base)), base, relative); }

Result<Handle> make_beneath(const std::string& base, std::string_view relative) {
  const Handle root = PLUMB_TRY(open_base(base));
  struct stat facts {};
  if (fstat(root.fd(), &facts) < 0) return fail_errno("looking at " + base);
  fs::path done;
  Handle at = PLUMB_TRY(open_from(root, base, ""));
  for (const auto& part : fs::path(std::string(relative))) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return fail(Code::invalid_argument, "\"" + std::string(relative) + "\" must be below the volume");
    done /= part;
    auto next = open_from(root, base, done.string());
    if (!next.ok() && next.error().code == Code::not_found) {
      if (mkdirat(at.fd(), part.c_str(), 0700) < 0 && errno != EEXIST) return fail_errno("making " + base + "/" + done.string());
      next = open_from(root, base, done.string());
      // Past the umask.
      if (next.ok() && chmod(next->path().c_str(), facts.st_mode & 07777) < 0) return fail_errno("changing the mode of " + base + "/" + done.string());
    }
    at = PLUMB_TRY(std::move(next));
  }
  return at;
}

Status remove_folder(const std::string& path) {
  const std::string above = fs::path(path).parent_path().string(), name = fs::path(path).filename().string();
  const Handle parent(open(above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.fd() < 0) return errno == ENOENT ? Status() : Status(fail_errno("opening " + above));
  struct stat facts {};
  if (fstatat(parent.fd(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT ? Status() : Status(fail_errno("looking at " + path));
  if (S_ISDIR(facts.st_mode)) {
    const Handle folder = PLUMB_TRY(enter(parent.fd(), name.c_str(), path));
    PLUMB_TRY(remove_content(folder.fd(), path, 0));
  }
  if (unlinkat(parent.fd(), name.c_str(), S_ISDIR(facts.st_mode) ? AT_REMOVEDIR : 0) < 0 && errno != ENOENT) return fail_errno("removing " + path);
  return {};
}

Status give_to_group(const std::string& path, gid_t group, bool read_only, bool only_on_mismatch) {
  const Handle root(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (root.fd() < 0) return fail_errno("opening " + path);
  struct stat facts {};
  if (fstat(root.fd(), &facts) < 0) return fail_errno("looking at " + path);
  const mode_t wanted = group_bits(true, read_only);
  if (only_on_mismatch && facts.st_gid == group && (facts.st_mode & wanted) == wanted) return {};
  PLUMB_TRY(give_content(root.fd(), path, group, read_only, 0));
  return give_one(root.fd(), path, group, read_only);
}

}  // namespace plumb::kubelet
