#include "reference/kubelet/atomic_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "harness/base/random.h"

namespace plumb::kubelet {
namespace {

namespace fs = std::filesystem;

Status check_path(const std::string& path) {
  const fs::path relative(path);
  bool bad = path.empty() || relative.is_absolute() || path.starts_with("..");
  for (const auto& part : relative) bad |= part == "..";
  if (bad) return fail(Code::invalid_argument, "\"" + path + "\" is no path below a volume");
  return {};
}

bool holds(const fs::path& folder, const Payload& payload) {
  std::error_code error;
  std::size_t files = 0;
  for (auto at = fs::recursive_directory_iterator(folder, error); !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (!at->is_regular_file(error)) continue;
    files++;
    const auto found = payload.find(fs::relative(at->path(), folder, error).string());
    if (found == payload.end()) return false;
    std::ifstream file(at->path(), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (text.str() != found->second.data) return false;
  }
  return !error && files == payload.size();
}

Status write_file(const fs::path& path, const FileContent& content, std::int64_t group) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, content.mode & 07777);
  if (fd < 0) return fail_errno("making " + path.string());
  std::size_t written = 0;
  while (written < content.data.size()) {
    const ssize_t size = write(fd, content.data.data() + written, content.data.size() - written);
    if (size <= 0) return close(fd), fail_errno("writing " + path.string());
    written += static_cast<std::size_t>(size);
  }
  (void)!fchmod(fd, content.mode & 07777);
  if (group >= 0 && fchown(fd, static_cast<uid_t>(-1), static_cast<gid_t>(group)) < 0) return close(fd), fail_errno("giving " + path.string() + " to its group");
  close(fd);
  return {};
}

}  // namespace

Result<bool> write_atomically(const std::string& folder, const Payload& payload, std::int64_t group) {
  for (const auto& [path, content] : payload) PLUMB_TRY(check_path(path));
  const fs::path base(folder), data = base / "..data";
  std::error_code error;
  fs::create_directories(base, error);
  const fs::path before = fs::read_symlink(data, error);
  if (!error && holds(base / before, payload)) return false;

  const std::string name = "..plumb_" + random_suffix(10);
  fs::create_directory(base / name, error);
  if (error) return fail(Code::internal, "making " + (base / name).string() + ": " + error.message());
  for (const auto& [path, content] : payload) PLUMB_TRY(write_file(base / name / path, content, group));

  const fs::path fresh = base / "..data_tmp";
  fs::remove(fresh, error);
  if (symlink(name.c_str(), fresh.c_str()) < 0 || rename(fresh.c_str(), data.c_str()) < 0) return fail_errno("changing " + data.string());

  std::set<std::string> tops;
  for (const auto& [path, content] : payload) tops.insert(fs::path(path).begin()->string());
  for (const auto& top : tops)
    if (!fs::is_symlink(base / top, error) && symlink(("..data/" + top).c_str(), (base / top).c_str()) < 0) return fail_errno("making " + (base / top).string());
  for (const auto& entry : fs::directory_iterator(base, error)) {
    const std::string entry_name = entry.path().filename().string();
    if (!entry_name.starts_with("..") && !tops.contains(entry_name)) fs::remove(entry.path(), error);
  }
  if (!before.empty()) fs::remove_all(base / before, error);
  return true;
}

}  // namespace plumb::kubelet
