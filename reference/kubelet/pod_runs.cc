// What the runtime says of containers, and what was said before this kubelet started.
#include <algorithm>

#include "reference/kubelet/pod_worker.h"
#include "reference/kubelet/status.h"

namespace plumb::kubelet {
namespace {

using namespace std::chrono_literals;

constexpr int kRefreshTries = 12;  // 1 ms doubled each time: what the runtime's event told shows in its lists within four seconds

ContainerRun run_of(const cri::ContainerStatus& status) {
  ContainerRun run;
  run.id = status.id;
  run.attempt = status.attempt;
  run.state = status.state;
  run.started_at = status.started_at;
  run.finished_at = status.finished_at;
  run.exit_code = status.exit_code;
  run.reason = status.reason;
  run.message = status.message;
  run.image_ref = status.image_ref;
  const auto image = status.annotations.find(label::kContainerImage);
  run.image = image == status.annotations.end() ? status.image : image->second;
  return run;
}

}  // namespace

void PodWorker::refresh(const std::string& id, bool must_have_ended, int tries) {
  const auto status = services().runtime.container_status(id);
  if (status.ok() && must_have_ended && status->state == cri::ContainerState::running && tries < kRefreshTries) {
    services().clock.after(1ms * (1 << tries), [weak = weak_from_this(), id, tries] {
      if (const auto self = weak.lock()) self->services().executor.post([self, id, tries] { self->refresh(id, true, tries + 1); });
    });
    return;
  }
  if (status.ok()) {
    apply_run(id, *status);
  } else if (status.error().code == Code::not_found) {
    cri::ContainerStatus lost;
    lost.id = id;
    lost.state = cri::ContainerState::exited;
    lost.exit_code = 137;
    lost.reason = "ContainerStatusUnknown";
    lost.message = "The container could not be located when the pod was deleted.  The container used to be Running";
    lost.finished_at = services().clock.wall();
    apply_run(id, lost);
  }
  poke();
}

void PodWorker::apply_run(const std::string& id, const cri::ContainerStatus& status) {
  Lock lock(mutex_);
  auto* slot = slot_by_id(id);
  if (!slot) return;
  auto& run = *slot->current;
  if (run.exited() || status.state < run.state) return;  // answers of calls under way at the same time may come in any order
  const bool was_running = run.running();
  ContainerRun now = run_of(status);
  now.attempt = run.attempt;
  now.image = run.image;
  if (now.image_ref.empty()) now.image_ref = run.image_ref;
  if (!now.started_at) now.started_at = run.started_at;
  const PodPtr pod = state_.pod;
  if (now.exited()) {
    lock.unlock();
    if (const auto* spec = container(*pod, status.name.empty() ? std::string_view(slot->spec->name) : std::string_view(status.name)))
      if (const auto words = services().host.termination_message(*pod, *spec, now); !words.empty()) now.message = words;
    lock.lock();
    if (!(slot = slot_by_id(id)) || slot->current->exited()) return;
    slot->stopping = false;
    slot->kill_reason.clear();
    slot->kill_grace_seconds.reset();
    slot->ready = slot->started = false;
    if (services().starts && slot->kind == ContainerKind::init && now.started_at && now.finished_at) services().starts->init_ran(pod->metadata.uid, *now.finished_at - *now.started_at);
    const Duration ago = now.finished_at ? services().clock.wall() - *now.finished_at : Duration::zero();
    slot->ended_at = services().clock.now() - std::max(ago, Duration::zero());
    slot->waiting_reason.clear();
  }
  *slot->current = std::move(now);
  if (slot->running() && !was_running) start_probes(lock, static_cast<std::size_t>(slot - state_.slots.data()));
}

void PodWorker::adopt(const Adopted& adopted) {
  auto sandboxes = adopted.sandboxes;
  std::sort(sandboxes.begin(), sandboxes.end(), [](const auto& a, const auto& b) { return a.metadata.attempt < b.metadata.attempt; });
  if (!sandboxes.empty()) {
    const auto& newest = sandboxes.back();
    for (std::size_t n = 0; n + 1 < sandboxes.size(); n++) old_sandboxes_.push_back(sandboxes[n].id);
    state_.sandbox_id = newest.id;
    state_.sandbox_attempt = newest.metadata.attempt;
    if (const auto status = services().runtime.sandbox_status(newest.id); status.ok()) {
      state_.sandbox_ready = status->ready;
      if (status->ready) state_.ips = status->ips;
    }
  }
  for (const auto& sandbox : sandboxes) core_->know(sandbox.id, shared_from_this());
  auto containers = adopted.containers;
  std::sort(containers.begin(), containers.end(), [](const auto& a, const auto& b) { return a.attempt < b.attempt; });
  for (const auto& item : containers) {
    core_->know(item.id, shared_from_this());
    const auto status = services().runtime.container_status(item.id);
    auto* slot = this->slot(item.name);
    if (!slot || !status.ok()) continue;
    slot->previous = std::exchange(slot->current, run_of(*status));
    slot->current->attempt = item.attempt;
    const auto wall = services().clock.wall();
    if (status->finished_at) slot->ended_at = services().clock.now() - std::max(wall - *status->finished_at, Duration::zero());
    if (slot->current->exited())
      if (const auto words = services().host.termination_message(*state_.pod, *slot->spec, *slot->current); !words.empty()) slot->current->message = words;
  }
}

void PodWorker::note_what_was_told(Lock& lock) {
  for (std::size_t n = 0; n < state_.slots.size(); n++) {
    auto& slot = state_.slots[n];
    if (!slot.running()) continue;
    // A pod that was ready stays so until a probe says otherwise.
    const auto& statuses = slot.kind == ContainerKind::app ? state_.pod->status.containerStatuses : state_.pod->status.initContainerStatuses;
    const auto told = std::find_if(statuses.begin(), statuses.end(), [&](const auto& status) { return status.name == slot.spec->name; });
    slot.started = !slot.spec->startupProbe || !services().probes || (told != statuses.end() && told->started.value_or(false));
    slot.ready = !slot.spec->readinessProbe || !services().probes || (told != statuses.end() && told->ready);
    start_probes(lock, n);
  }
}

}  // namespace plumb::kubelet
