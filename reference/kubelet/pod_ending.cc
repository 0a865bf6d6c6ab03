// How a pod ends: its containers are stopped, its sandbox and volumes go, and what the API and the node have of it.
#include <algorithm>

#include "harness/base/log.h"
#include "reference/kubelet/pod_worker.h"
#include "reference/kubelet/status.h"

namespace plumb::kubelet {
namespace {

using namespace std::chrono_literals;

constexpr Duration kMinimumGrace = 2s;

}  // namespace

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

}  // namespace plumb::kubelet
