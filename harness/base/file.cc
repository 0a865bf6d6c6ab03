#include "harness/base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace plumb {

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail_errno("reading " + path);
  std::string text;
  char buffer[1 << 14];
  ssize_t got = 0;
  while ((got = read(file, buffer, sizeof buffer)) != 0) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > limit) {
      close(file);
      return fail(Code::invalid_argument, "reading " + path + ": it is longer than " + std::to_string(limit) + " bytes");
    }
  }
  Status done = got < 0 ? Status(fail_errno("reading " + path)) : Status();
  close(file);
  if (!done.ok()) return done.error();
  return text;
}

}  // namespace plumb
