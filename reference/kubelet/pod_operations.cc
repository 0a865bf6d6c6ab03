#include <algorithm>

#include "harness/base/log.h"
#include "reference/kubelet/kubelet_metrics.h"
#include "reference/kubelet/pod_worker.h"
#include "reference/kubelet/status.h"

namespace plumb::kubelet {
namespace {

using namespace std::chrono_literals;

constexpr Duration kImageBackoffFirst = 10s, kImageBackoffMax = 5min;
constexpr Duration kRetryFirst = 500ms, kRetryMax = 30s;
constexpr Duration kConfigRetry = 5s;

Duration next_backoff(Duration last) { return std::clamp(last * 2, kRetryFirst, kRetryMax); }

std::string pull_policy(const corev1::Container& container) {
  if (!container.imagePullPolicy.empty()) return container.imagePullPolicy.str();
  const auto& image = container.image.view();
  const auto colon = image.rfind(':');
  const bool tagged = image.find('@') != image.npos || (colon != image.npos && image.find('/', colon) == image.npos);
  return !tagged || image.ends_with(":latest") ? "Always" : "IfNotPresent";
}

bool is_app(const corev1::Pod& pod, std::string_view name) {
  return std::any_of(pod.spec.containers.begin(), pod.spec.containers.end(), [&](const auto& each) { return each.name == name; });
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
  if (services().starts) container_starts(is_app(*pod, name) ? "container" : "init_container");
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
  const WallTime began = services().clock.wall();
  auto auths = services().host.registry_auths(*pod, image);
  std::vector<cri::RegistryAuth> tries = auths.ok() ? std::move(*auths) : std::vector<cri::RegistryAuth>{};
  if (tries.empty()) tries.emplace_back();
  Result<std::string> pulled = fail(Code::internal, "");
  for (const auto& auth : tries)
    if ((pulled = services().runtime.pull_image(image, auth)).ok()) break;
  if (services().starts) services().starts->pulled(pod->metadata.uid, began, services().clock.wall());
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

}  // namespace plumb::kubelet
