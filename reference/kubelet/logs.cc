#include "reference/kubelet/logs.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "reference/api/text/time.h"

namespace plumb::kubelet {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 64 << 10, kMaxLine = 1 << 20;
constexpr int kWaitMs = 500;  // how often a follower asks whether its container has ended

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Where the last `lines` lines begin.
off_t tail_offset(int fd, std::int64_t lines) {
  const off_t size = lseek(fd, 0, SEEK_END);
  if (lines <= 0) return size;
  std::string block(kBlock, '\0');
  off_t at = size;
  std::int64_t seen = 0;
  while (at > 0) {
    const off_t from = std::max<off_t>(0, at - static_cast<off_t>(kBlock));
    const ssize_t got = pread(fd, block.data(), static_cast<std::size_t>(at - from), from);
    if (got <= 0) return 0;
    for (ssize_t n = got - 1; n >= 0; n--)
      if (block[static_cast<std::size_t>(n)] == '\n' && from + n + 1 != size && ++seen == lines) return from + n + 1;
    at = from;
  }
  return 0;
}

// Turns raw lines into what is shown.
class Formatter {
 public:
  Formatter(const LogOptions& options, const LogSink& sink) : options_(options), sink_(sink), left_(options.limit_bytes) {}

  // False when the reader wants no more.
  bool line(std::string_view raw) {
    const auto time_end = raw.find(' ');
    const auto stream_end = time_end == raw.npos ? raw.npos : raw.find(' ', time_end + 1);
    const auto tag_end = stream_end == raw.npos ? raw.npos : raw.find(' ', stream_end + 1);
    if (stream_end == raw.npos) return true;
    const auto time = raw.substr(0, time_end);
    const auto tag = raw.substr(stream_end + 1, tag_end == raw.npos ? raw.npos : tag_end - stream_end - 1);
    const auto text = tag_end == raw.npos ? std::string_view() : raw.substr(tag_end + 1);
    if (options_.since) {
      const auto at = api::parse_time(time);
      if (at.ok() && *at < *options_.since) return true;
    }
    if (options_.timestamps && line_start_) out_.append(time).push_back(' ');
    out_.append(text);
    line_start_ = !tag.starts_with('P');
    if (line_start_) out_.push_back('\n');
    return out_.size() < kBlock || flush();
  }
  bool flush() {
    if (out_.empty()) return true;
    if (left_ && static_cast<std::int64_t>(out_.size()) >= *left_) {
      out_.resize(static_cast<std::size_t>(*left_));
      if (!out_.empty()) sink_(std::exchange(out_, {}));
      return false;
    }
    if (left_) *left_ -= static_cast<std::int64_t>(out_.size());
    return sink_(std::exchange(out_, {}));
  }

 private:
  const LogOptions& options_;
  const LogSink& sink_;
  std::optional<std::int64_t> left_;
  std::string out_;
  bool line_start_ = true;
};

class Reader {
 public:
  Reader(std::string path, Formatter& formatter) : path_(std::move(path)), formatter_(formatter), file_(-1) {}

  Status open_at(std::optional<std::int64_t> tail_lines) {
    file_ = Descriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (file_.get() < 0) return errno == ENOENT ? fail(Code::not_found, "there is no log " + path_) : fail_errno("opening log " + path_);
    if (tail_lines) lseek(file_.get(), tail_offset(file_.get(), *tail_lines), SEEK_SET);
    return {};
  }
  // Everything there is now. False when the reader wants no more.
  bool drain() {
    std::string block(kBlock, '\0');
    for (;;) {
      const ssize_t got = ::read(file_.get(), block.data(), block.size());
      if (got <= 0) return formatter_.flush();
      rest_.append(block, 0, static_cast<std::size_t>(got));
      std::size_t at = 0;
      for (std::size_t end; (end = rest_.find('\n', at)) != rest_.npos; at = end + 1)
        if (!formatter_.line(std::string_view(rest_).substr(at, end - at))) return false;
      rest_.erase(0, at);
      if (rest_.size() > kMaxLine) rest_.clear();
    }
  }
  // The runtime has begun a new file under this name.
  bool rotated() const {
    struct stat own {}, named {};
    return fstat(file_.get(), &own) == 0 && stat(path_.c_str(), &named) == 0 && own.st_ino != named.st_ino;
  }

 private:
  const std::string path_;
  Formatter& formatter_;
  Descriptor file_;
  std::string rest_;
};

}  // namespace

Status read_log(const std::string& path, const LogOptions& options, const LogSink& sink, const std::function<bool()>& ended) {
  Formatter formatter(options, sink);
  Reader reader(path, formatter);
  Descriptor watch(options.follow ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1);
  if (watch.get() >= 0)
    inotify_add_watch(watch.get(), fs::path(path).parent_path().c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF);
  PLUMB_TRY(reader.open_at(options.tail_lines));
  for (;;) {
    const bool over = !options.follow || ended();  // asked before reading, so that last words are not missed
    if (!reader.drain()) return {};
    if (over) return {};
    if (reader.rotated()) {
      if (!reader.drain() || !reader.open_at(std::nullopt).ok()) return {};
      continue;
    }
    pollfd wait{watch.get(), POLLIN, 0};
    if (::poll(&wait, 1, kWaitMs) > 0) {
      char events[4096];
      while (::read(watch.get(), events, sizeof events) > 0) {
      }
    } else if (!sink("")) {
      return {};
    }
  }
}

std::string tail_of_log(const std::string& path, std::size_t lines, std::size_t bytes) {
  LogOptions options;
  options.tail_lines = static_cast<std::int64_t>(lines);
  std::string text;
  const auto read = read_log(path, options, [&](std::string part) { return text += part, true; }, [] { return true; });
  if (!read.ok()) return "";
  if (text.size() > bytes) text.erase(0, text.size() - bytes);
  return text;
}

}  // namespace plumb::kubelet
