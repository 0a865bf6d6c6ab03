// Child processes: start, wait with a deadline, kill, run and capture.
//
// Children are made by clone(CLONE_VM | CLONE_VFORK), so that starting one costs the same in a small and in a very large program, and
// may start in new namespaces. (Boost.Process 1.81 forks, and its timed wait takes SIGCHLD away from the rest of the program.)
// Descriptors that are not passed on are closed in the child; it starts with default signal handlers and an empty signal mask.
//
// A Child owns its process: destroying a Child that still runs kills it (its group, when it has its own) and reaps it; release() gives
// up ownership. A Child is used by one thread at a time; different children are independent.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"

namespace plumb {

// Where one of the child's standard streams goes.
struct Stdio {
  enum class Kind { null, inherit, file, pipe, descriptor };
  Kind kind = Kind::null;
  std::string path;     // file: input is read from it, output is appended to it (made with mode 0644)
  int descriptor = -1;  // descriptor: stays the caller's

  static Stdio null() { return {}; }
  static Stdio inherit() { return {Kind::inherit, {}, -1}; }
  static Stdio file(std::string path) { return {Kind::file, std::move(path), -1}; }
  static Stdio pipe() { return {Kind::pipe, {}, -1}; }
  static Stdio fd(int descriptor) { return {Kind::descriptor, {}, descriptor}; }
};

struct ProcessSpec {
  std::vector<std::string> args;                          // args[0] is the program, looked up in PATH when it has no slash
  std::optional<std::map<std::string, std::string>> env;  // the whole environment; the caller's when not given
  std::map<std::string, std::string> extra_env;           // added to either
  std::string cwd;                                        // the caller's when empty
  Stdio in = Stdio::null();
  Stdio out = Stdio::inherit();
  Stdio err = Stdio::inherit();
  bool new_session = false;  // a session and process group of its own: signals to a terminal's group pass it by
  bool new_group = false;    // a process group of its own, in the caller's session
  // SIGKILL for the child when the thread that started it ends: start such children from a thread that lives as long as they should.
  bool die_with_parent = false;
  std::uint64_t new_namespaces = 0;  // CLONE_NEW* flags; with CLONE_NEWPID the child is process 1 of its namespace
};

struct ExitStatus {
  int code = 0;    // exit code; meaningless when signal is set
  int signal = 0;  // the signal that ended it, 0 when it exited by itself
  bool ok() const { return code == 0 && signal == 0; }
  std::string text() const;  // "exit code 3", "killed by signal 9 (Killed)"
};

class Child {
 public:
  // Fails with not_found (and says how to get the program) when there is no such program.
  static Result<Child> spawn(const ProcessSpec& spec);

  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  pid_t pid() const { return pid_; }
  bool running();  // false once it has ended (and is reaped)

  // Waits until it ends. The second form answers deadline_exceeded when it still runs after `limit`; it is left running.
  Result<ExitStatus> wait();
  Result<ExitStatus> wait_for(Duration limit);
  // Readable when the process ends; for poll().
  int end_descriptor() const { return pidfd_; }

  Status signal(int number);        // to the process
  Status signal_group(int number);  // to its group, when it has its own; else to the process
  // SIGTERM to the group, after `grace` SIGKILL; reaps.
  ExitStatus terminate(Duration grace);

  // The caller's ends of piped streams; -1 where there is none.
  int in() const { return in_; }
  int out() const { return out_; }
  int err() const { return err_; }
  void close_in();

  // The process lives on without an owner; its pid is returned. It stays a zombie after its end until this program ends or reaps it.
  pid_t release();

 private:
  Child() = default;
  void dispose();
  Result<ExitStatus> reap(int options);

  pid_t pid_ = -1;
  int pidfd_ = -1;
  int in_ = -1, out_ = -1, err_ = -1;
  bool own_group_ = false;
  std::optional<ExitStatus> status_;
};

struct Captured {
  ExitStatus status;
  std::string out;
  std::string err;
};

struct CaptureOptions {
  Duration limit = std::chrono::seconds(30);
  std::string input;
  std::size_t max_bytes = 16 << 20;  // of each stream; what is beyond is dropped
};

// Runs a program to its end. Its own group is killed and deadline_exceeded answered when `limit` passes. in/out/err of `spec` are not used.
Result<Captured> run_and_capture(ProcessSpec spec, const CaptureOptions& options = {});
// Like run_and_capture; any end but exit code 0 is an error that carries the end of the program's stderr. Answers stdout.
Result<std::string> run_checked(std::vector<std::string> args, const CaptureOptions& options = {});

// Where a program is: a path as it is, a name in PATH and in the usual folders. not_found, saying how to get it, when it is not there.
Result<std::string> find_program(const std::string& name);

// What names a process for good: pids are used again, a pid with its start time is not.
struct ProcessId {
  pid_t pid = -1;
  std::uint64_t start_ticks = 0;  // field 22 of /proc/<pid>/stat
  bool operator==(const ProcessId&) const = default;
};

Result<ProcessId> process_id(pid_t pid);  // not_found when there is no such process (zombies count as gone)
bool is_running(const ProcessId& id);
// A file of one line, "<pid> <start ticks>\n", replaced atomically.
Status write_pid_file(const std::string& path, pid_t pid);
Result<ProcessId> read_pid_file(const std::string& path);
// SIGKILL, then waits until it is gone. Ok when it was gone already.
Status kill_process(const ProcessId& id, Duration limit = std::chrono::seconds(10));

}  // namespace plumb
