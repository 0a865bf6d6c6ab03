#include "reference/cluster/node/supervisor.h"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>

#include "harness/base/log.h"

namespace plumb::cluster {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstBackoff = 100ms, kLastBackoff = 10s, kLasting = 30s;

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT}) sigaddset(&set, number);
  return set;
}

}  // namespace

Supervisor::Supervisor(std::string log_dir) : log_dir_(std::move(log_dir)) {
  const sigset_t set = watched_signals();
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

Status Supervisor::add(const NodeService& service) {
  entries_.push_back({service});
  return start(entries_.back());
}

Status Supervisor::start(Entry& entry) {
  ProcessSpec spec;
  spec.args = entry.service.args;
  spec.extra_env = entry.service.env;
  spec.out = spec.err = Stdio::file(log_dir_ + "/" + entry.service.name + ".log");
  spec.new_session = true;
  spec.cwd = "/";
  Child child = PLUMB_TRY(Child::spawn(spec));
  entry.pid = child.release();
  entry.started = real_clock().now();
  return {};
}

void Supervisor::reap() {
  int raw = 0;
  for (pid_t pid; (pid = waitpid(-1, &raw, WNOHANG)) > 0;) {
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.pid == pid; });
    if (found == entries_.end()) continue;
    const ExitStatus status = WIFSIGNALED(raw) ? ExitStatus{0, WTERMSIG(raw)} : ExitStatus{WEXITSTATUS(raw), 0};
    const Instant now = real_clock().now();
    found->backoff = now - found->started > kLasting ? kFirstBackoff : std::clamp(2 * found->backoff, kFirstBackoff, kLastBackoff);
    found->pid = -1;
    found->start_at = now + found->backoff;
    log::warning("node", found->service.name + " ended: " + status.text() + "; starting it again");
  }
}

// Starts what is due and answers how long until the next is.
Duration Supervisor::restart_due() {
  Duration next = 3600s;
  for (auto& entry : entries_) {
    if (entry.pid > 0) continue;
    const Instant now = real_clock().now();
    if (entry.start_at > now) {
      next = std::min(next, entry.start_at - now);
    } else if (const auto started = start(entry); !started.ok()) {
      log::error("node", started.error().message);
      entry.start_at = now + kLastBackoff;
      next = std::min(next, kLastBackoff);
    }
  }
  return next;
}

void Supervisor::run() {
  const sigset_t set = watched_signals();
  while (true) {
    reap();
    const auto wait = restart_due();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
    const timespec limit{static_cast<time_t>(seconds.count()), static_cast<long>((wait - seconds).count())};
    const int number = sigtimedwait(&set, nullptr, &limit);
    if (number == SIGTERM || number == SIGINT) return;
  }
}

}  // namespace plumb::cluster
