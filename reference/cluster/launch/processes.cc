#include "reference/cluster/launch/processes.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "harness/base/encoding.h"
#include "harness/base/file.h"
#include "reference/cluster/pki/pki.h"

namespace plumb::cluster {
namespace {

// Why a role of plumbd ended, as it says in the last line of its log; for other programs the end of the log.
std::string last_words(const std::string& path, const std::string& name) {
  const auto text = read_file(path);
  if (!text.ok()) return "it left no log";
  const std::string_view all = trim(*text);
  const std::string_view last = all.substr(all.rfind('\n') + 1);
  const std::string sign = "plumbd " + name + ": ";
  if (last.starts_with(sign)) return std::string(last.substr(sign.size())) + " (log: " + path + ")";
  return "the end of " + path + ":\n" + std::string(all.substr(all.size() > 1500 ? all.size() - 1500 : 0));
}

// Ok when a line arrived.
Status await_line(const Child& child, Duration limit) {
  const Instant deadline = real_clock().now() + limit;
  char buffer[256];
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - real_clock().now()).count();
    if (left <= 0) return fail(Code::deadline_exceeded, "it did not become ready in time");
    pollfd waiting{child.out(), POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(left)) <= 0) continue;
    const ssize_t got = read(child.out(), buffer, sizeof buffer);
    if (got <= 0) return fail(Code::internal, "it ended before it was ready");
    if (std::string_view(buffer, static_cast<std::size_t>(got)).find('\n') != std::string_view::npos) return {};
  }
}

}  // namespace

bool process_running(const Layout& layout, const std::string& name) {
  const auto id = read_pid_file(layout.pid_file(name));
  return id.ok() && is_running(*id);
}

Status start_process(const Layout& layout, const ProcessPlan& plan, Duration limit) {
  if (process_running(layout, plan.name)) return {};
  std::error_code error;
  std::filesystem::create_directories(layout.dir + "/logs", error);
  ProcessSpec spec;
  spec.args = plan.args;
  spec.out = plan.says_ready ? Stdio::pipe() : Stdio::file(layout.log(plan.name));
  spec.err = Stdio::file(layout.log(plan.name));
  spec.new_session = true;
  Child child = PLUMB_TRY(Child::spawn(spec));
  PLUMB_TRY(write_pid_file(layout.pid_file(plan.name), child.pid()));
  if (plan.says_ready) {
    if (Status ready = await_line(child, limit); !ready.ok()) {
      child.terminate(std::chrono::seconds(1));
      unlink(layout.pid_file(plan.name).c_str());
      return fail(ready.error().code, "starting " + plan.name + ": " + ready.error().message + ": " + last_words(layout.log(plan.name), plan.name));
    }
  }
  child.release();
  return {};
}

Status stop_process(const Layout& layout, const std::string& name, Duration grace) {
  const auto id = read_pid_file(layout.pid_file(name));
  if (id.ok() && is_running(*id)) {
    kill(id->pid, SIGTERM);
    const Instant deadline = real_clock().now() + grace;
    while (is_running(*id) && real_clock().now() < deadline) poll(nullptr, 0, 5);
    PLUMB_TRY(kill_process(*id));
  }
  unlink(layout.pid_file(name).c_str());
  return {};
}

Result<FolderLock> FolderLock::take(const std::string& dir) {
  FolderLock lock(open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.folder_ < 0) return fail_errno("opening the cluster's folder " + dir);
  if (flock(lock.folder_, LOCK_EX | LOCK_NB) < 0) return fail(Code::unavailable, "another `plumb up` or `plumb down` works on " + dir + "; try again when it is done");
  return lock;
}

FolderLock::~FolderLock() {
  if (folder_ >= 0) close(folder_);
}

std::string own_program() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

Result<std::uint16_t> choose_port(std::uint16_t wanted) {
  for (const std::uint16_t port : {wanted, std::uint16_t{0}}) {
    const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    socklen_t size = sizeof address;
    const bool free = bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 && getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    close(probe);
    if (free) return ntohs(address.sin_port);
  }
  return fail(Code::resource_exhausted, "no TCP port is free on this machine");
}

}  // namespace plumb::cluster
