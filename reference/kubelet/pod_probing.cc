#include <algorithm>

#include "reference/kubelet/pod_worker.h"

namespace plumb::kubelet {

void PodWorker::start_probes(Lock&, std::size_t n) {
  if (!services().probes) return;
  const auto& slot = state_.slots[n];
  const auto& spec = *slot.spec;
  if (!spec.startupProbe && !spec.readinessProbe && !spec.livenessProbe) return;
  const std::string name = spec.name.str();
  probes_[name] = ProbeSeries{{}, slot.current->id};
  const Duration age = slot.current->started_at ? services().clock.wall() - *slot.current->started_at : Duration::zero();
  for (const ProbeKind kind : kProbeKinds) {
    const auto* probe = probe_of(spec, kind);
    if (!probe || (kind == ProbeKind::startup) == slot.started) continue;
    const Duration delay = std::chrono::seconds(probe->initialDelaySeconds) - std::max(age, Duration::zero());
    schedule_probe(name, slot.current->id, kind, std::max(delay, Duration::zero()));
  }
}

void PodWorker::schedule_probe(const std::string& name, const std::string& run_id, ProbeKind kind, Duration delay) {
  services().clock.after(delay, [weak = weak_from_this(), name, run_id, kind] {
    const auto self = weak.lock();
    if (!self) return;
    self->services().executor.post([self, name, run_id, kind] { self->probe_now(name, run_id, kind); });
  });
}

void PodWorker::probe_now(const std::string& name, const std::string& run_id, ProbeKind kind) {
  Lock lock(mutex_);
  const auto* slot = this->slot(name);
  if (!slot || !slot->running() || slot->current->id != run_id) return;
  if (state_.ending() && kind != ProbeKind::readiness) return;
  const auto* probe = probe_of(*slot->spec, kind);
  if (!probe || (kind == ProbeKind::startup) == slot->started) return;
  const ProbeTarget target{state_.pod, slot->spec, run_id, state_.ips.empty() ? services().host_ip : state_.ips[0]};
  lock.unlock();
  const auto outcome = services().probes->probe(target, probe->probeHandler, probe_timeout(*probe));
  probe_done(name, run_id, kind, outcome);
}

void PodWorker::probe_done(const std::string& name, const std::string& run_id, ProbeKind kind, const ProbeOutcome& outcome) {
  using Verdict = ProbeCounter::Verdict;
  Lock lock(mutex_);
  auto* slot = this->slot(name);
  const auto series = probes_.find(name);
  if (!slot || !slot->running() || slot->current->id != run_id || series == probes_.end() || series->second.run_id != run_id) return;
  const auto* probe = probe_of(*slot->spec, kind);
  if (!probe) return;
  const PodPtr pod = state_.pod;
  const Verdict verdict = series->second.counters[static_cast<std::size_t>(kind)].count(*probe, outcome.success);
  bool changed = false;
  if (kind == ProbeKind::readiness) {
    const bool ready = verdict == Verdict::success;
    changed = verdict != Verdict::undecided && std::exchange(slot->ready, ready) != ready;
  } else if (verdict == Verdict::failure && slot->kill_reason.empty() && !slot->stopping) {
    slot->kill_reason = "Container " + name + " failed " + (kind == ProbeKind::startup ? "startup" : "liveness") + " probe, will be restarted";
    if (probe->terminationGracePeriodSeconds) slot->kill_grace_seconds = *probe->terminationGracePeriodSeconds;
    changed = true;
  } else if (kind == ProbeKind::startup && verdict == Verdict::success) {
    slot->started = changed = true;
    start_probes(lock, static_cast<std::size_t>(slot - state_.slots.data()));
  }
  const bool again = kind != ProbeKind::startup || !slot->started;
  if (again) schedule_probe(name, run_id, kind, probe_period(*probe));
  lock.unlock();
  if (!outcome.success) event(*pod, "Warning", "Unhealthy", std::string(to_string(kind)) + " probe failed: " + outcome.message, name);
  if (changed) poke();
}

}  // namespace plumb::kubelet
