#include "reference/kubelet/decide.h"

#include <algorithm>

namespace plumb::kubelet {
namespace {

using Kind = Action::Kind;

class Decider {
 public:
  Decider(const PodState& state, Instant now) : state_(state), now_(now) {}

  Decision run() {
    if (state_.ending())
      end();
    else if (completed(state_))
      wind_down();
    else
      drive();
    return std::move(decision_);
  }

 private:
  void add(Kind kind, std::size_t slot = 0, std::string reason = {}, Duration grace = {}) {
    decision_.actions.push_back({kind, slot, std::move(reason), grace});
  }
  void wake_at(Instant when) {
    if (when > now_ && (!decision_.wake || when < *decision_.wake)) decision_.wake = when;
  }
  // True when the time has come; else asks to be woken.
  bool due(Instant when) {
    wake_at(when);
    return when <= now_;
  }

  void drive() {
    if (!state_.volumes_ready && !state_.volumes_busy && due(state_.volumes_retry_at)) add(Kind::set_up_volumes);
    if (!state_.sandbox_ready && !state_.sandbox_busy && due(state_.sandbox_retry_at)) add(Kind::run_sandbox);
    kill_what_must_restart();
    if (!state_.volumes_ready || !state_.sandbox_ready) return;
    for (std::size_t n = 0; n < state_.slots.size(); n++)
      if (!pass(n)) return;
  }

  void kill_what_must_restart() {
    for (std::size_t n = 0; n < state_.slots.size(); n++) {
      const auto& slot = state_.slots[n];
      if (!slot.running() || slot.stopping || slot.kill_reason.empty()) continue;
      const auto grace = slot.kill_grace_seconds ? Duration(std::chrono::seconds(*slot.kill_grace_seconds)) : termination_grace(state_);
      add(Kind::stop_container, n, slot.kill_reason, grace);
    }
  }

  // Does for one container what is due. True when those after it may be looked at.
  bool pass(std::size_t n) {
    const auto& slot = state_.slots[n];
    const bool init_done = initialized(state_);
    if (slot.kind == ContainerKind::init && (slot.succeeded() || init_done)) return true;
    if (slot.running() || slot.starting) return slot.kind == ContainerKind::app || (slot.kind == ContainerKind::sidecar && (slot.started || init_done));
    if (slot.current && slot.current->exited() && !restarts(state_, slot)) return slot.kind == ContainerKind::app;
    start_when_due(n);
    return slot.kind == ContainerKind::app || init_done;
  }

  void start_when_due(std::size_t n) {
    const auto& slot = state_.slots[n];
    // Both are asked: each may want to be woken for.
    const bool tried = due(slot.retry_at), crashed = !slot.current || due(crash_wait_ends(slot));
    if (!tried || !crashed || state_.start_busy || starting_) return;
    starting_ = true;
    add(Kind::start_container, n);
  }

  // Stops what runs: containers first, sidecars after them, the last one first. True when nothing runs or starts any more.
  bool stop_all(const std::string& reason) {
    const Duration grace = termination_grace(state_);
    bool apps_run = false;
    for (std::size_t n = 0; n < state_.slots.size(); n++) {
      const auto& slot = state_.slots[n];
      if (slot.kind == ContainerKind::sidecar || !slot.running()) continue;
      apps_run = true;
      stop(n, reason, grace);
    }
    if (apps_run || state_.start_busy) return false;
    for (std::size_t n = state_.slots.size(); n-- > 0;) {
      if (!state_.slots[n].running()) continue;
      stop(n, reason, grace);
      return false;
    }
    return true;
  }
  void stop(std::size_t n, const std::string& reason, Duration grace) {
    const auto& slot = state_.slots[n];
    if (!slot.stopping || slot.stop_by > now_ + grace) add(Kind::stop_container, n, reason, grace);
  }

  void end() {
    if (!stop_all("") || state_.busy()) return;
    if (!state_.torn_down) return add(Kind::tear_down);
    if (state_.end == PodState::End::deleted || state_.end == PodState::End::removed) add(Kind::finish);
  }

  void wind_down() {
    if (stop_all("") && !state_.busy() && !state_.torn_down) add(Kind::tear_down);
  }

  const PodState& state_;
  const Instant now_;
  Decision decision_;
  bool starting_ = false;
};

}  // namespace

Decision decide(const PodState& state, Instant now) { return Decider(state, now).run(); }

Instant crash_wait_ends(const ContainerSlot& slot) {
  const bool expired = slot.ended_at - slot.backoff_set_at > 2 * kCrashBackoffMax;
  return slot.crash_backoff == Duration::zero() || expired ? Instant{} : slot.ended_at + slot.crash_backoff;
}

void note_restart(ContainerSlot& slot, Instant now) {
  const bool first = slot.crash_backoff == Duration::zero() || slot.ended_at - slot.backoff_set_at > 2 * kCrashBackoffMax;
  slot.crash_backoff = first ? kCrashBackoffFirst : std::min(slot.crash_backoff * 2, kCrashBackoffMax);
  slot.backoff_set_at = now;
}

std::string describe(const PodState& state, const Action& action) {
  const auto name = [&] { return state.slots[action.slot].spec->name.str(); };
  switch (action.kind) {
    case Kind::set_up_volumes: return "set up volumes";
    case Kind::run_sandbox: return "run sandbox";
    case Kind::start_container: return "start " + name();
    case Kind::stop_container:
      return "stop " + name() + " (grace " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(action.grace).count()) + "s)" +
             (action.reason.empty() ? "" : ": " + action.reason);
    case Kind::tear_down: return "tear down";
    case Kind::finish: return "finish";
  }
  return {};
}

}  // namespace plumb::kubelet
