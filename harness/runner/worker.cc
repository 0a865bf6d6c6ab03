#include "harness/runner/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>

extern char** environ;

namespace plumb::harness {
namespace {

constexpr int report_descriptor = 3;
constexpr std::size_t max_line = 16 << 20;

Result<pid_t> spawn(const std::vector<std::string>& command, const std::string& output, int report) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawn_file_actions_adddup2(&actions, report, report_descriptor);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int problem = posix_spawn(&pid, command[0].c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (problem != 0) return fail(Code::internal, "start worker " + command[0] + ": " + std::strerror(problem));
  return pid;
}

// Hands over complete lines and keeps the rest.
void deliver(std::string& buffer, const std::function<void(const nlohmann::json&)>& on_line) {
  std::size_t start = 0;
  for (auto end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n', start)) {
    const auto line = nlohmann::json::parse(buffer.begin() + static_cast<std::ptrdiff_t>(start), buffer.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    if (line.is_object()) on_line(line);
    start = end + 1;
  }
  buffer.erase(0, start);
  if (buffer.size() > max_line) buffer.clear();
}

WorkerOutcome reap(pid_t pid, WorkerOutcome outcome) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  return outcome;
}

}  // namespace

Result<WorkerOutcome> run_worker(const std::vector<std::string>& command, const std::string& output, Duration timeout,
                                 const std::function<void(const nlohmann::json&)>& on_line, const std::function<bool()>& stop) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail_errno("make a pipe for a worker");
  // dup2 of a descriptor onto itself would keep close-on-exec.
  const int report = fcntl(ends[1], F_DUPFD_CLOEXEC, report_descriptor + 1);
  close(ends[1]);
  auto pid = spawn(command, output, report);
  close(report);
  if (!pid.ok()) {
    close(ends[0]);
    return pid.error();
  }
  WorkerOutcome outcome;
  std::string buffer;
  const Instant deadline = real_clock().now() + timeout;
  constexpr int slice_ms = 100;
  while (true) {
    pollfd wait{ends[0], POLLIN, 0};
    if (poll(&wait, 1, slice_ms) > 0) {
      char chunk[65536];
      const ssize_t n = read(ends[0], chunk, sizeof chunk);
      if (n <= 0) break;
      buffer.append(chunk, static_cast<std::size_t>(n));
      deliver(buffer, on_line);
    }
    outcome.timed_out = real_clock().now() > deadline;
    outcome.stopped = stop();
    if (outcome.timed_out || outcome.stopped) break;
  }
  close(ends[0]);
  if (outcome.timed_out || outcome.stopped) kill(-*pid, SIGKILL);
  return reap(*pid, outcome);
}

std::string describe(const WorkerOutcome& outcome) {
  if (outcome.timed_out) return "it did not end in time and was killed";
  if (outcome.stopped) return "the run was interrupted";
  if (outcome.signal != 0) return std::string("its process was ended by signal ") + std::to_string(outcome.signal) + " (" + strsignal(outcome.signal) + ")";
  return "its process exited with code " + std::to_string(outcome.exit_code) + " before the test had finished";
}

}  // namespace plumb::harness
