#include <algorithm>

#include "harness/base/encoding.h"
#include "harness/base/log.h"
#include "reference/kubelet/pod_worker.h"
#include "reference/kubelet/status.h"

namespace plumb::kubelet {
namespace {

using namespace std::chrono_literals;

constexpr Duration kImageBackoffFirst = 10s, kImageBackoffMax = 5min;
constexpr Duration kRetryFirst = 500ms, kRetryMax = 30s;
constexpr Duration kConfigRetry = 5s, kMinimumGrace = 2s;
constexpr int kRefreshTries = 12;  // 1 ms doubled each time: what the runtime's event told shows in its lists within four seconds

Duration next_backoff(Duration last) { return std::clamp(last * 2, kRetryFirst, kRetryMax); }

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

std::string pull_policy(const corev1::Container& container) {
  if (!container.imagePullPolicy.empty()) return container.imagePullPolicy.str();
  const auto& image = container.image.view();
  const auto colon = image.rfind(':');
  const bool tagged = image.find('@') != image.npos || (colon != image.npos && image.find('/', colon) == image.npos);
  return !tagged || image.ends_with(":latest") ? "Always" : "IfNotPresent";
}

}  // namespace

void PodWorker::set_up_volumes() {
  const PodPtr pod = this->pod();
  const Status done = services().host.set_up(pod);
  {
    Lock lock(mutex_);
    state_.volumes_busy = false;
    state_.volumes_ready = done.ok();
    if (!done.ok()) {
      state_.volumes_backoff = next_backoff(state_.volumes_backoff);
      state_.volumes_retry_at = services().clock.now() + state_.volumes_backoff;
    }
  }
  if (!done.ok()) event(*pod, "Warning", "FailedMount", done.error().message);
  poke();
}

void PodWorker::run_sandbox() {
  Lock lock(mutex_);
  const PodPtr pod = state_.pod;
  const std::string former = state_.sandbox_id;
  const std::uint32_t attempt = former.empty() ? state_.sandbox_attempt : state_.sandbox_attempt + 1;
  lock.unlock();
  if (!former.empty()) {
    event(*pod, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
    (void)services().runtime.stop_sandbox(former);
  }
  const auto make = [&]() -> Result<cri::SandboxStatus> {
    const auto config = PLUMB_TRY(services().host.sandbox_config(*pod, attempt));
    const std::string id = PLUMB_TRY(services().runtime.run_sandbox(config));
    core_->know(id, shared_from_this());
    return PLUMB_TRY(services().runtime.sandbox_status(id));
  };
  const auto made = make();
  lock.lock();
  state_.sandbox_busy = false;
  if (made.ok()) {
    if (!former.empty()) old_sandboxes_.push_back(former);
    state_.sandbox_id = made->id;
    state_.sandbox_attempt = attempt;
    state_.sandbox_ready = made->ready;
    state_.ips = made->ips;
    state_.sandbox_backoff = {};
  } else {
    state_.sandbox_attempt = attempt;
    state_.sandbox_backoff = next_backoff(state_.sandbox_backoff);
    state_.sandbox_retry_at = services().clock.now() + state_.sandbox_backoff;
    if (former.empty()) state_.sandbox_attempt++;
  }
  lock.unlock();
  if (!made.ok()) event(*pod, "Warning", "FailedCreatePodSandBox", "Failed to create pod sandbox: " + made.error().message);
  poke();
}

void PodWorker::start_container(const std::string& name) {
  Lock lock(mutex_);
  auto* slot = this->slot(name);
  std::uint32_t attempt = 0;
  if (slot && slot->current) {
    attempt = slot->current->attempt + 1;
    note_restart(*slot, services().clock.now());
  } else if (slot) {  // the runtime has lost what the API was told of: the count goes on
    const auto& statuses = slot->kind == ContainerKind::app ? state_.pod->status.containerStatuses : state_.pod->status.initContainerStatuses;
    for (const auto& told : statuses)
      if (told.name == name && !told.containerID.empty()) attempt = static_cast<std::uint32_t>(told.restartCount) + 1;
  }
  const bool ending = state_.ending();
  lock.unlock();
  std::optional<Obstacle> obstacle;
  if (slot && !ending) obstacle = make_and_start(name, attempt);
  lock.lock();
  state_.start_busy = false;
  if ((slot = this->slot(name))) {
    slot->starting = false;
    slot->waiting_reason = obstacle ? obstacle->reason : "";
    slot->waiting_message = obstacle ? obstacle->message : "";
    const bool image = obstacle && (obstacle->reason == "ErrImagePull" || obstacle->reason == "ErrImageNeverPull" || obstacle->reason == "InvalidImageName");
    if (image) slot->retry_backoff = std::clamp(slot->retry_backoff * 2, kImageBackoffFirst, kImageBackoffMax);
    else slot->retry_backoff = {};
    if (obstacle) slot->retry_at = services().clock.now() + (image ? slot->retry_backoff : kConfigRetry);
  }
  lock.unlock();
  poke();
}

std::optional<PodWorker::Obstacle> PodWorker::make_and_start(const std::string& name, std::uint32_t attempt) {
  Lock lock(mutex_);
  const PodPtr pod = state_.pod;
  const auto ips = state_.ips;
  const std::string sandbox_id = state_.sandbox_id;
  const std::uint32_t sandbox_attempt = state_.sandbox_attempt;
  lock.unlock();
  const auto* spec = container(*pod, name);
  if (!spec) return std::nullopt;
  if (auto obstacle = ensure_image(pod, *spec)) return obstacle;

  const auto config = services().host.container_config(*pod, *spec, attempt, ips);
  const auto sandbox = config.ok() ? services().host.sandbox_config(*pod, sandbox_attempt) : Result<cri::SandboxConfig>(config.error());
  if (!sandbox.ok()) {
    event(*pod, "Warning", "Failed", "Error: " + sandbox.error().message, name);
    return Obstacle{sandbox.error().reason.empty() ? "CreateContainerConfigError" : sandbox.error().reason, sandbox.error().message};
  }
  const auto id = services().runtime.create_container(sandbox_id, *config, *sandbox);
  if (!id.ok()) {
    event(*pod, "Warning", "Failed", "Error: " + id.error().message, name);
    return Obstacle{"CreateContainerError", id.error().message};
  }
  // Known before it starts, so that its end is noticed however soon it comes.
  std::string surplus;
  lock.lock();
  if (auto* slot = this->slot(name)) {
    if (slot->previous) surplus = slot->previous->id;
    slot->previous = std::exchange(slot->current, std::nullopt);
    slot->current = ContainerRun{.id = *id, .attempt = attempt, .image = spec->image.str()};
    slot->stopping = false;
    slot->started = !spec->startupProbe || !services().probes;
    slot->ready = !spec->readinessProbe || !services().probes;
    slot->kill_reason.clear();
    slot->kill_grace_seconds.reset();
  }
  lock.unlock();
  core_->know(*id, shared_from_this());
  event(*pod, "Normal", "Created", "Container created", name);
  const auto started = services().runtime.start_container(*id);
  const auto status = services().runtime.container_status(*id);
  if (started.ok()) event(*pod, "Normal", "Started", "Container started", name);
  else event(*pod, "Warning", "Failed", "Error: " + started.error().message, name);
  if (!started.ok() && (!status.ok() || status->state == cri::ContainerState::created)) {
    (void)services().runtime.remove_container(*id);
    core_->forget(*id);
    lock.lock();
    if (auto* slot = slot_by_id(*id)) slot->current = std::exchange(slot->previous, std::nullopt);
    return Obstacle{"RunContainerError", started.error().message};
  }
  if (status.ok()) apply_run(*id, *status);
  if (!surplus.empty()) {
    (void)services().runtime.remove_container(surplus);
    core_->forget(surplus);
  }
  if (started.ok() && spec->lifecycle && spec->lifecycle->postStart) run_post_start(pod, *spec, *id);
  if (!started.ok()) return Obstacle{"RunContainerError", started.error().message};
  return std::nullopt;
}

std::optional<PodWorker::Obstacle> PodWorker::ensure_image(const PodPtr& pod, const corev1::Container& container) {
  const std::string policy = pull_policy(container), image = container.image.str();
  if (policy == "Always") return pull(pod, container);
  const auto present = services().runtime.image_status(image);
  if (!present.ok()) {
    const bool bad_name = present.error().code == Code::invalid_argument || present.error().message.find("invalid reference format") != std::string::npos;
    const Obstacle obstacle{bad_name ? "InvalidImageName" : "ImageInspectError",
                            (bad_name ? "Failed to apply default image tag \"" + image + "\": " : "") + present.error().message};
    event(*pod, "Warning", bad_name ? "InspectFailed" : "Failed", obstacle.message, container.name);
    return obstacle;
  }
  if (*present) {
    event(*pod, "Normal", "Pulled", "Container image \"" + image + "\" already present on machine", container.name);
    return std::nullopt;
  }
  if (policy != "Never") return pull(pod, container);
  const Obstacle obstacle{"ErrImageNeverPull", "Container image \"" + image + "\" is not present with pull policy of Never"};
  event(*pod, "Warning", "ErrImageNeverPull", obstacle.message, container.name);
  return obstacle;
}

std::optional<PodWorker::Obstacle> PodWorker::pull(const PodPtr& pod, const corev1::Container& container) {
  const std::string image = container.image.str();
  event(*pod, "Normal", "Pulling", "Pulling image \"" + image + "\"", container.name);
  const Instant start = services().clock.now();
  auto auths = services().host.registry_auths(*pod, image);
  std::vector<cri::RegistryAuth> tries = auths.ok() ? std::move(*auths) : std::vector<cri::RegistryAuth>{};
  if (tries.empty()) tries.emplace_back();
  Result<std::string> pulled = fail(Code::internal, "");
  for (const auto& auth : tries)
    if ((pulled = services().runtime.pull_image(image, auth)).ok()) break;
  if (pulled.ok()) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(services().clock.now() - start);
    event(*pod, "Normal", "Pulled", "Successfully pulled image \"" + image + "\" in " + std::to_string(took.count()) + "ms", container.name);
    return std::nullopt;
  }
  const bool bad_name = pulled.error().message.find("invalid reference format") != std::string::npos;
  const Obstacle obstacle{bad_name ? "InvalidImageName" : "ErrImagePull", "failed to pull image \"" + image + "\": " + pulled.error().message};
  event(*pod, "Warning", "Failed", "Failed to pull image \"" + image + "\": " + pulled.error().message, container.name);
  event(*pod, "Warning", "Failed", "Error: " + obstacle.reason, container.name);
  return obstacle;
}

void PodWorker::run_post_start(const PodPtr& pod, const corev1::Container& container, const std::string& id) {
  if (!services().probes) return;
  Lock lock(mutex_);
  const ProbeTarget target{pod, &container, id, state_.ips.empty() ? services().host_ip : state_.ips[0]};
  lock.unlock();
  const auto& hook = *container.lifecycle->postStart;
  corev1::ProbeHandler handler;
  handler.exec = hook.exec;
  handler.httpGet = hook.httpGet;
  handler.tcpSocket = hook.tcpSocket;
  const auto outcome = services().probes->probe(target, handler, 10min);
  if (outcome.success) return;
  event(*pod, "Warning", "FailedPostStartHook", "PostStartHook failed: " + outcome.message, container.name);
  lock.lock();
  if (auto* slot = slot_by_id(id)) slot->kill_reason = "FailedPostStartHook";
}

Duration PodWorker::run_pre_stop(const PodPtr& pod, const corev1::Container& container, const std::string& id, Duration grace) {
  if (!services().probes || !container.lifecycle || !container.lifecycle->preStop || grace <= Duration::zero()) return grace;
  Lock lock(mutex_);
  const ProbeTarget target{pod, &container, id, state_.ips.empty() ? services().host_ip : state_.ips[0]};
  lock.unlock();
  const Instant start = services().clock.now();
  const auto& hook = *container.lifecycle->preStop;
  corev1::ProbeHandler handler;
  handler.exec = hook.exec;
  handler.httpGet = hook.httpGet;
  handler.tcpSocket = hook.tcpSocket;
  const auto outcome = services().probes->probe(target, handler, grace);
  if (!outcome.success) event(*pod, "Warning", "FailedPreStopHook", "PreStopHook failed: " + outcome.message, container.name);
  return std::max(grace - (services().clock.now() - start), kMinimumGrace);
}

void PodWorker::stop_container(const std::string& name, const std::string& id, std::string reason, Duration grace) {
  Lock lock(mutex_);
  const PodPtr pod = state_.pod;
  lock.unlock();
  event(*pod, "Normal", "Killing", reason.empty() ? "Stopping container " + name : reason, name);
  const auto* spec = container(*pod, name);
  const Duration rest = spec ? run_pre_stop(pod, *spec, id, grace) : grace;
  const Status stopped = services().runtime.stop_container(id, rest);
  if (stopped.ok()) return refresh(id, false, 0);
  log::warning("kubelet", "stopping container " + name + " of pod " + pod_in_messages(*pod) + ": " + stopped.error().message);
  services().clock.after(1s, [weak = weak_from_this(), id] {
    const auto self = weak.lock();
    if (!self) return;
    {
      Lock relock(self->mutex_);
      if (auto* slot = self->slot_by_id(id)) slot->stopping = false;
    }
    self->poke();
  });
}

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
    const Duration ago = now.finished_at ? services().clock.wall() - *now.finished_at : Duration::zero();
    slot->ended_at = services().clock.now() - std::max(ago, Duration::zero());
    slot->waiting_reason.clear();
  }
  *slot->current = std::move(now);
  if (slot->running() && !was_running) start_probes(lock, static_cast<std::size_t>(slot - state_.slots.data()));
}

void PodWorker::tear_down() {
  Lock lock(mutex_);
  const PodPtr pod = state_.pod;
  std::vector<std::string> sandboxes = old_sandboxes_;
  if (!state_.sandbox_id.empty()) sandboxes.push_back(state_.sandbox_id);
  lock.unlock();
  Status done;
  for (const auto& id : sandboxes)
    if (auto stopped = services().runtime.stop_sandbox(id); !stopped.ok()) done = stopped;
  if (done.ok()) done = services().host.tear_down(*pod);
  if (!done.ok()) {
    log::warning("kubelet", "tearing down pod " + pod_in_messages(*pod) + ": " + done.error().message);
    services().clock.after(1s, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->services().executor.post([self] { self->tear_down(); });
    });
    return;
  }
  lock.lock();
  state_.tearing_down = false;
  state_.torn_down = true;
  state_.sandbox_ready = state_.volumes_ready = false;
  state_.ips.clear();
  lock.unlock();
  poke();
}

void PodWorker::finish() {
  Lock lock(mutex_);
  const bool api_knows_it = state_.end == PodState::End::deleted;
  if (api_knows_it && (sending_ || pending_)) {  // its last status first
    lock.unlock();
    services().clock.after(5ms, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->services().executor.post([self] { self->finish(); });
    });
    return;
  }
  lock.unlock();
  if (api_knows_it) remove_from_api();
  else remove_local();
}

void PodWorker::remove_from_api() {
  const PodPtr pod = this->pod();
  metav1::DeleteOptions options;
  options.gracePeriodSeconds = 0;
  options.preconditions.ensure().uid = pod->metadata.uid;
  auto request = informer::remove_request(informer::resource_of<corev1::Pod>(), pod->metadata.namespace_, pod->metadata.name, options);
  services().client.send(std::move(request), [weak = weak_from_this()](Result<informer::ObjectPtr> result) {
    const auto self = weak.lock();
    if (!self) return;
    const bool gone = result.ok() || result.error().code == Code::not_found || informer::is_not_found(result.error()) || informer::is_conflict(result.error());
    if (gone) return self->services().executor.post([self] { self->remove_local(); });
    log::warning("kubelet", "deleting pod " + informer::object_key(*self->pod()) + " from the API: " + result.error().message);
    self->services().clock.after(1s, [weak] {
      if (const auto again = weak.lock()) again->services().executor.post([again] { again->remove_from_api(); });
    });
  });
}

void PodWorker::remove_local() {
  Lock lock(mutex_);
  const PodPtr pod = state_.pod;
  std::vector<std::string> sandboxes = old_sandboxes_;
  if (!state_.sandbox_id.empty()) sandboxes.push_back(state_.sandbox_id);
  std::vector<std::string> ids = sandboxes;
  for (const auto& slot : state_.slots)
    for (const auto* run : {&slot.current, &slot.previous})
      if (*run) ids.push_back((*run)->id);
  lock.unlock();
  for (const auto& id : sandboxes) {
    const Status removed = services().runtime.remove_sandbox(id);
    if (removed.ok()) continue;
    log::warning("kubelet", "removing the sandbox of pod " + pod_in_messages(*pod) + ": " + removed.error().message);
    services().clock.after(1s, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->services().executor.post([self] { self->remove_local(); });
    });
    return;
  }
  services().host.remove(*pod);
  for (const auto& id : ids) core_->forget(id);
  core_->drop(pod->metadata.uid.str());
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
