#include "harness/base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "harness/base/encoding.h"

extern char** environ;

// glibc's clone under its other name: ThreadSanitizer replaces `clone`, takes every call for a fork, and then refuses new threads.
extern "C" int __clone(int (*function)(void*), void* stack, int flags, void* argument, ...);

namespace plumb {
namespace {

constexpr std::size_t kChildStackBytes = 256 << 10;

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

struct Fd {
  int value = -1;
  ~Fd() { close_fd(value); }
  int release() { return std::exchange(value, -1); }
};

// Everything the child needs between clone and exec, prepared before: it shares the parent's memory and must not allocate.
struct Plan {
  const char* path;
  char* const* argv;
  char* const* envp;
  const char* cwd;
  int stdio[3];
  int error_pipe;
  pid_t parent;
  bool new_session, new_group, die_with_parent, new_pid_namespace;
};

[[noreturn]] __attribute__((no_sanitize("address", "thread"))) void give_up(int error_pipe) {
  const int number = errno;
  (void)!write(error_pipe, &number, sizeof number);
  _exit(127);
}

void reset_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; number++)
    if (number != SIGKILL && number != SIGSTOP) syscall(SYS_rt_sigaction, number, &action, nullptr, 8);
}

__attribute__((no_sanitize("address", "thread"))) int child_main(void* argument) {
  const Plan& plan = *static_cast<const Plan*>(argument);
  reset_signals();
  if (plan.new_session && setsid() < 0) give_up(plan.error_pipe);
  if (plan.new_group && setpgid(0, 0) < 0) give_up(plan.error_pipe);
  if (plan.die_with_parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) give_up(plan.error_pipe);
    if (!plan.new_pid_namespace && getppid() != plan.parent) _exit(127);
  }
  if (plan.cwd && chdir(plan.cwd) < 0) give_up(plan.error_pipe);
  // Sources are above 2, so that none is overwritten before its turn.
  for (int n = 0; n < 3; n++)
    if (plan.stdio[n] >= 0 && dup2(plan.stdio[n], n) < 0) give_up(plan.error_pipe);
  if (syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */) < 0 && errno != ENOSYS && errno != EINVAL) give_up(plan.error_pipe);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(plan.path, plan.argv, plan.envp);
  give_up(plan.error_pipe);
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment(const ProcessSpec& spec) {
  std::map<std::string, std::string> merged;
  if (spec.env) {
    merged = *spec.env;
  } else {
    for (char** at = environ; at && *at; at++)
      if (const char* equals = std::strchr(*at, '=')) merged[std::string(*at, static_cast<std::size_t>(equals - *at))] = equals + 1;
  }
  for (const auto& [name, value] : spec.extra_env) merged[name] = value;
  std::vector<std::string> result;
  for (const auto& [name, value] : merged) result.push_back(name + "=" + value);
  return result;
}

// A duplicate above 2, closed on exec.
Result<int> above_stdio(int fd) {
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return fail_errno("duplicating descriptor " + std::to_string(fd));
  return copy;
}

// Opens what stream `n` of the child is to be; `ours` gets the caller's end of a pipe.
Result<int> open_stdio(const Stdio& stdio, int n, Fd& ours) {
  switch (stdio.kind) {
    case Stdio::Kind::inherit: return -1;
    case Stdio::Kind::descriptor: return above_stdio(stdio.descriptor);
    case Stdio::Kind::pipe: {
      int ends[2];
      if (pipe2(ends, O_CLOEXEC) < 0) return fail_errno("making a pipe");
      Fd theirs{ends[n == 0 ? 0 : 1]};
      ours.value = ends[n == 0 ? 1 : 0];
      return above_stdio(theirs.value);
    }
    case Stdio::Kind::null:
    case Stdio::Kind::file: {
      const std::string path = stdio.kind == Stdio::Kind::null ? "/dev/null" : stdio.path;
      Fd file{open(path.c_str(), (n == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_APPEND) | O_CLOEXEC, 0644)};
      if (file.value < 0) return fail_errno("opening " + path);
      return above_stdio(file.value);
    }
  }
  return -1;
}

int poll_until(int fd, Instant deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - real_clock().now()).count();
    pollfd item{fd, POLLIN, 0};
    const int ready = poll(&item, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30)));
    if (ready >= 0 || errno != EINTR) return ready;
  }
}

Result<pid_t> clone_child(Plan& plan, std::uint64_t namespaces, const std::string& what) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return fail_errno("making a pipe");
  Fd reading{ends[0]}, writing{ends[1]};
  plan.error_pipe = writing.value;
  void* stack = mmap(nullptr, kChildStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return fail_errno("reserving a stack");
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);  // no handler of ours may run in the child, which shares our memory
  const int flags = CLONE_VM | CLONE_VFORK | SIGCHLD | static_cast<int>(namespaces);
  const pid_t pid = __clone(child_main, static_cast<char*>(stack) + kChildStackBytes, flags, &plan);
  const int clone_errno = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  munmap(stack, kChildStackBytes);
  if (pid < 0) {
    errno = clone_errno;
    auto error = fail_errno("starting " + what);
    if (namespaces && clone_errno == EPERM) error.message += " (new namespaces need root: run it with sudo)";
    return error;
  }
  close_fd(writing.value);
  int number = 0;
  if (read(reading.value, &number, sizeof number) == sizeof number) {
    waitpid(pid, nullptr, 0);
    errno = number;
    return fail_errno("starting " + what);
  }
  return pid;
}

std::string tail(const std::string& text, std::size_t bytes) {
  const auto trimmed = trim(text);
  return std::string(trimmed.size() > bytes ? trimmed.substr(trimmed.size() - bytes) : trimmed);
}

// False at the end of the stream.
bool drain(int fd, std::string& into, std::size_t max_bytes) {
  char buffer[16 << 10];
  const ssize_t count = read(fd, buffer, sizeof buffer);
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (count == 0) return false;
  into.append(buffer, std::min<std::size_t>(count, max_bytes - std::min(max_bytes, into.size())));
  return true;
}

// False when nothing is left to write.
bool feed(int fd, std::string_view& input) {
  const ssize_t count = write(fd, input.data(), input.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  input.remove_prefix(count);
  return !input.empty();
}

}  // namespace

Result<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    if (access(name.c_str(), X_OK) == 0) return name;
    return fail_errno("starting " + name);
  }
  const char* path = std::getenv("PATH");
  // Daemons are often started with a bare PATH, and the programs of an administrator lie in sbin.
  const std::string places = std::string(path ? path : "") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (const auto folder : split(places, ':')) {
    if (folder.empty()) continue;
    std::string candidate = std::string(folder) + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return fail(Code::not_found, "starting " + name + ": no such program in PATH; install the package that has it (ci/packages.txt)");
}

std::string ExitStatus::text() const {
  if (signal) return "killed by signal " + std::to_string(signal) + " (" + strsignal(signal) + ")";
  return "exit code " + std::to_string(code);
}

Result<Child> Child::spawn(const ProcessSpec& spec) {
  if (spec.args.empty()) return fail(Code::invalid_argument, "starting a program: no program was named");
  const std::string path = PLUMB_TRY(find_program(spec.args[0]));
  auto args = spec.args;
  auto env = environment(spec);
  auto argv = pointers(args);
  auto envp = pointers(env);
  Fd ours[3], theirs[3];
  const Stdio* streams[3] = {&spec.in, &spec.out, &spec.err};
  for (int n = 0; n < 3; n++) theirs[n].value = PLUMB_TRY(open_stdio(*streams[n], n, ours[n]));
  Plan plan{path.c_str(), argv.data(), envp.data(), spec.cwd.empty() ? nullptr : spec.cwd.c_str(),
            {theirs[0].value, theirs[1].value, theirs[2].value}, -1, getpid(),
            spec.new_session, spec.new_group && !spec.new_session, spec.die_with_parent, (spec.new_namespaces & CLONE_NEWPID) != 0};
  Child child;
  child.pid_ = PLUMB_TRY(clone_child(plan, spec.new_namespaces, spec.args[0]));
  child.pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, child.pid_, 0));
  child.own_group_ = spec.new_session || spec.new_group;
  child.in_ = ours[0].release();
  child.out_ = ours[1].release();
  child.err_ = ours[2].release();
  if (child.pidfd_ < 0) return fail_errno("watching process " + std::to_string(child.pid_));
  return child;
}

Child::Child(Child&& other) noexcept { *this = std::move(other); }

Child& Child::operator=(Child&& other) noexcept {
  if (this == &other) return *this;
  dispose();
  pid_ = std::exchange(other.pid_, -1);
  pidfd_ = std::exchange(other.pidfd_, -1);
  in_ = std::exchange(other.in_, -1);
  out_ = std::exchange(other.out_, -1);
  err_ = std::exchange(other.err_, -1);
  own_group_ = other.own_group_;
  status_ = std::exchange(other.status_, std::nullopt);
  return *this;
}

Child::~Child() { dispose(); }

void Child::dispose() {
  if (pid_ > 0 && running()) {
    (void)signal_group(SIGKILL);
    (void)wait();
  }
  close_fd(pidfd_);
  close_fd(in_);
  close_fd(out_);
  close_fd(err_);
  pid_ = -1;
}

bool Child::running() { return pid_ > 0 && !status_ && !reap(WNOHANG).ok(); }

Result<ExitStatus> Child::reap(int options) {
  if (status_) return *status_;
  int raw = 0;
  pid_t got;
  do got = waitpid(pid_, &raw, options);
  while (got < 0 && errno == EINTR);
  if (got == 0) return fail(Code::deadline_exceeded, "process " + std::to_string(pid_) + " still runs");
  if (got < 0) {
    if (errno != ECHILD) return fail_errno("waiting for process " + std::to_string(pid_));
    raw = 0;  // somebody else reaped it: it has ended, how is not known
  }
  status_ = WIFSIGNALED(raw) ? ExitStatus{0, WTERMSIG(raw)} : ExitStatus{WEXITSTATUS(raw), 0};
  return *status_;
}

Result<ExitStatus> Child::wait() { return reap(0); }

Result<ExitStatus> Child::wait_for(Duration limit) {
  if (!status_) poll_until(pidfd_, real_clock().now() + limit);
  return reap(WNOHANG);
}

Status Child::signal(int number) {
  if (!running()) return {};
  if (syscall(SYS_pidfd_send_signal, pidfd_, number, nullptr, 0) < 0 && errno != ESRCH)
    return fail_errno("sending signal " + std::to_string(number) + " to process " + std::to_string(pid_));
  return {};
}

Status Child::signal_group(int number) {
  if (!own_group_) return signal(number);
  if (::kill(-pid_, number) < 0 && errno != ESRCH)
    return fail_errno("sending signal " + std::to_string(number) + " to group " + std::to_string(pid_));
  return {};
}

ExitStatus Child::terminate(Duration grace) {
  if (running()) {
    (void)signal_group(SIGTERM);
    if (!wait_for(grace).ok()) (void)signal_group(SIGKILL);
  }
  const auto status = wait();
  return status.ok() ? *status : ExitStatus{};
}

void Child::close_in() { close_fd(in_); }

pid_t Child::release() {
  const pid_t pid = std::exchange(pid_, -1);
  dispose();
  return pid;
}

Result<Captured> run_and_capture(ProcessSpec spec, const CaptureOptions& options) {
  spec.in = options.input.empty() ? Stdio::null() : Stdio::pipe();
  spec.out = spec.err = Stdio::pipe();
  spec.new_group = true;
  const Instant deadline = real_clock().now() + options.limit;
  Child child = PLUMB_TRY(Child::spawn(spec));
  for (const int fd : {child.in(), child.out(), child.err()})
    if (fd >= 0) fcntl(fd, F_SETFL, O_NONBLOCK);
  // Only for this thread, and only while we write: a child that closes its input early must not end us.
  sigset_t pipe_signal, before;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  Captured captured;
  std::string_view input = options.input;
  bool out_open = true, err_open = true, late = false;
  while (out_open || err_open) {
    pollfd items[3] = {{out_open ? child.out() : -1, POLLIN, 0}, {err_open ? child.err() : -1, POLLIN, 0}, {child.in(), POLLOUT, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - real_clock().now()).count();
    late = left <= 0;
    if (late) break;
    if (poll(items, 3, static_cast<int>(std::min<std::int64_t>(left, 1 << 30))) < 0 && errno != EINTR) break;
    if (items[0].revents) out_open = drain(child.out(), captured.out, options.max_bytes);
    if (items[1].revents) err_open = drain(child.err(), captured.err, options.max_bytes);
    if (items[2].revents && !feed(child.in(), input)) child.close_in();
  }
  timespec now{};
  while (sigtimedwait(&pipe_signal, nullptr, &now) > 0) {
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const auto status = late ? Result<ExitStatus>(fail(Code::deadline_exceeded, "")) : child.wait_for(deadline - real_clock().now());
  if (!status.ok()) {
    (void)child.signal_group(SIGKILL);
    return fail(Code::deadline_exceeded, join(spec.args, " ") + ": did not end within " +
                                             std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(options.limit).count()) +
                                             " ms and was killed; stderr: " + tail(captured.err, 500));
  }
  captured.status = *status;
  return captured;
}

Result<std::string> run_checked(std::vector<std::string> args, const CaptureOptions& options) {
  ProcessSpec spec;
  spec.args = std::move(args);
  Captured captured = PLUMB_TRY(run_and_capture(spec, options));
  if (captured.status.ok()) return std::move(captured.out);
  const auto& said = captured.err.empty() ? captured.out : captured.err;
  return fail(Code::internal, join(spec.args, " ") + ": " + captured.status.text() + ": " + tail(said, 2000));
}

Result<ProcessId> process_id(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');  // the name in brackets may hold anything
  if (name_end == std::string::npos) return fail(Code::not_found, "no process " + std::to_string(pid));
  std::istringstream fields(line.substr(name_end + 1));
  std::string field;
  ProcessId id{pid, 0};
  for (int number = 3; number <= 22 && fields >> field; number++) {
    if (number == 3 && (field == "Z" || field == "X")) return fail(Code::not_found, "process " + std::to_string(pid) + " has ended");
    if (number == 22) id.start_ticks = parse_int(field).value_or(0);
  }
  return id;
}

bool is_running(const ProcessId& id) {
  const auto now = process_id(id.pid);
  return now.ok() && *now == id;
}

Status write_pid_file(const std::string& path, pid_t pid) {
  const ProcessId id = PLUMB_TRY(process_id(pid));
  const std::string fresh = path + ".new";
  {
    std::ofstream file(fresh, std::ios::trunc);
    file << id.pid << " " << id.start_ticks << "\n";
    if (!file.flush()) return fail_errno("writing " + fresh);
  }
  if (rename(fresh.c_str(), path.c_str()) < 0) return fail_errno("writing " + path);
  return {};
}

Result<ProcessId> read_pid_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail(Code::not_found, "reading " + path + ": no such file");
  ProcessId id;
  if (!(file >> id.pid >> id.start_ticks) || id.pid <= 0)
    return fail(Code::invalid_argument, "reading " + path + ": expected \"<pid> <start ticks>\"; remove the file if no process belongs to it");
  return id;
}

Status kill_process(const ProcessId& id, Duration limit) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, id.pid, 0));
  Fd owned{pidfd};
  // The descriptor pins the process, so the comparison after it is without a race.
  if (pidfd < 0 || !is_running(id)) return {};
  if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0) < 0 && errno != ESRCH)
    return fail_errno("killing process " + std::to_string(id.pid));
  if (poll_until(pidfd, real_clock().now() + limit) == 0)
    return fail(Code::deadline_exceeded, "process " + std::to_string(id.pid) + " is still there after SIGKILL");
  return {};
}

}  // namespace plumb
