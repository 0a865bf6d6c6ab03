#include "reference/kubelet/pod_worker.h"

#include <algorithm>

#include "harness/base/encoding.h"
#include "harness/base/log.h"
#include "reference/api/walk.h"
#include "reference/kubelet/kubelet_metrics.h"
#include "reference/kubelet/status.h"

namespace plumb::kubelet {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFlipAfter = 1s;  // ErrImagePull shows for this long before it becomes ImagePullBackOff
constexpr Duration kHold = 100ms;     // what a pod under way reports waits for so long: what comes next goes along
constexpr Duration kSendRetryFirst = 200ms, kSendRetryMax = 10s;

std::int64_t version_of(const corev1::Pod& pod) { return parse_int(pod.metadata.resourceVersion.view()).value_or(0); }

}  // namespace

PodWorker::PodWorker(std::shared_ptr<PodWorkers::Core> core, PodPtr pod, bool orphan) : core_(std::move(core)), orphan_(orphan) {
  set_pod(state_, std::move(pod));
  begin();
}

void PodWorker::begin() {
  const WallTime wall = services().clock.wall();
  const auto& known = state_.pod->status.startTime;
  state_.acknowledged = known ? known.wall() : wall;
  state_.active_since = services().clock.now() - std::max(wall - *state_.acknowledged, Duration::zero());
  if (state_.pod->metadata.deletionTimestamp) state_.end = PodState::End::deleted;
}

bool PodWorker::orphan() const { return orphan_; }

void PodWorker::update(PodPtr pod) {
  Lock lock(mutex_);
  if (version_of(*pod) < version_of(*state_.pod)) return;
  for (auto& slot : state_.slots) {
    const auto* changed = container(*pod, slot.spec->name);
    if (changed && slot.running() && !slot.current->image.empty() && changed->image != slot.current->image)
      slot.kill_reason = "Container " + slot.spec->name.str() + " definition changed, will be restarted";
  }
  set_pod(state_, std::move(pod));
  if (state_.pod->metadata.deletionTimestamp && state_.end < PodState::End::deleted) state_.end = PodState::End::deleted;
  lock.unlock();
  poke();
}

void PodWorker::removed() {
  {
    Lock lock(mutex_);
    state_.end = PodState::End::removed;
  }
  poke();
}

void PodWorker::reject(std::string reason, std::string message) {
  {
    Lock lock(mutex_);
    state_.end = std::max(state_.end, PodState::End::failed);
    state_.end_reason = std::move(reason);
    state_.end_message = std::move(message);
    state_.torn_down = true;
    held_ = false;
  }
  poke();
}

void PodWorker::hold() {
  Lock lock(mutex_);
  held_ = true;
}

void PodWorker::release() {
  {
    Lock lock(mutex_);
    held_ = false;
  }
  poke();
}

void PodWorker::retry_waiting() {
  {
    Lock lock(mutex_);
    bool any = false;
    if (!state_.volumes_ready && state_.volumes_retry_at > Instant{}) state_.volumes_retry_at = {}, any = true;
    for (auto& slot : state_.slots)
      if (slot.waiting_reason == "CreateContainerConfigError") slot.retry_at = {}, any = true;
    if (!any) return;
  }
  poke();
}

void PodWorker::on_event(const cri::Event& event) {
  {
    Lock lock(mutex_);
    if (event.id == state_.sandbox_id) {
      if (event.kind != cri::Event::Kind::exited && event.kind != cri::Event::Kind::removed) return;
      if (state_.tearing_down || state_.torn_down) return;
      state_.sandbox_ready = false;
      state_.ips.clear();
      lock.unlock();
      return poke();
    }
    const auto* slot = slot_by_id(event.id);
    if (!slot || !slot->current || slot->current->id != event.id || slot->current->exited()) return;
  }
  if (event.kind == cri::Event::Kind::exited || event.kind == cri::Event::Kind::removed || event.kind == cri::Event::Kind::started)
    services().executor.post([self = shared_from_this(), id = event.id, ended = event.kind != cri::Event::Kind::started] { self->refresh(id, ended, 0); });
}

void PodWorker::compare(const std::vector<cri::Container>& containers, bool sandbox_ready) {
  std::vector<std::pair<std::string, bool>> differing;
  {
    Lock lock(mutex_);
    if (state_.sandbox_ready && !sandbox_ready && !state_.busy()) {
      state_.sandbox_ready = false;
      state_.ips.clear();
    }
    for (const auto& slot : state_.slots) {
      if (!slot.current || slot.starting || slot.current->exited()) continue;
      const auto found = std::find_if(containers.begin(), containers.end(), [&](const auto& item) { return item.id == slot.current->id; });
      if (found == containers.end() || found->state != slot.current->state) differing.emplace_back(slot.current->id, found == containers.end());
    }
  }
  for (const auto& [id, gone] : differing) refresh(id, gone, 0);
  poke();
}

PodPtr PodWorker::pod() const {
  Lock lock(mutex_);
  return state_.pod;
}

bool PodWorker::admitted() const {
  Lock lock(mutex_);
  return !orphan_ && !state_.torn_down && !is_terminal(state_.pod->status.phase);
}

PodView PodWorker::view() const {
  Lock lock(mutex_);
  PodView view{state_.pod, state_.sandbox_id, state_.ips, {}};
  for (const auto& slot : state_.slots) view.containers.push_back({slot.spec->name.str(), slot.current, slot.previous});
  return view;
}

void PodWorker::take_over(PodPtr pod) {
  {
    Lock lock(mutex_);
    orphan_ = false;
    set_pod(state_, std::move(pod));
    begin();
    note_what_was_told(lock);
  }
  poke();
}

void PodWorker::poke() {
  {
    Lock lock(mutex_);
    if (poked_) return;
    poked_ = true;
  }
  services().executor.post([self = shared_from_this()] { self->evaluate(); });
}

void PodWorker::evaluate() {
  Lock lock(mutex_);
  poked_ = false;
  if (held_) return;
  const Instant now = services().clock.now();
  std::optional<Instant> wake;
  std::vector<Told> told;
  check_deadline(now, wake, told);
  flip_back_offs(now, wake, told);
  const Decision decision = decide(state_, now);
  if (decision.wake && (!wake || *decision.wake < *wake)) wake = decision.wake;
  for (const auto& action : decision.actions) carry_out(lock, action);
  const bool send = make_pending(now, wake);
  arm(lock, wake);
  const PodPtr pod = state_.pod;
  if (send) send_status(lock);
  lock.unlock();
  for (const Told& one : told) event(*pod, "Normal", one.reason, one.message, one.container);
}

void PodWorker::arm(Lock&, std::optional<Instant> wake) {
  if (timer_ && (!wake || *wake != timer_at_)) services().clock.cancel(std::exchange(timer_, 0));
  if (!wake || timer_) return;
  timer_at_ = *wake;
  timer_ = services().clock.at(*wake, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    {
      Lock lock(self->mutex_);
      self->timer_ = 0;
    }
    self->poke();
  });
}

void PodWorker::check_deadline(Instant now, std::optional<Instant>& wake, std::vector<Told>& told) {
  const auto& limit = state_.pod->spec.activeDeadlineSeconds;
  if (!limit || state_.ending() || completed(state_)) return;
  const Instant deadline = state_.active_since + std::chrono::seconds(*limit);
  if (now < deadline) return void(wake = deadline);
  state_.end = PodState::End::failed;
  state_.end_reason = "DeadlineExceeded";
  state_.end_message = "Pod was active on the node longer than the specified deadline";
  told.push_back({state_.end_reason, state_.end_message, {}});
}

void PodWorker::flip_back_offs(Instant now, std::optional<Instant>& wake, std::vector<Told>& told) {
  for (auto& slot : state_.slots) {
    if (slot.waiting_reason != "ErrImagePull" || slot.starting) continue;
    const Instant flip = slot.retry_at - slot.retry_backoff + kFlipAfter;
    if (now < flip) {
      if (!wake || flip < *wake) wake = flip;
      continue;
    }
    const std::string image = slot.spec->image.str();
    told.push_back({"BackOff", "Back-off pulling image \"" + image + "\"", slot.spec->name.str()});
    slot.waiting_message = "Back-off pulling image \"" + image + "\": ErrImagePull: " + slot.waiting_message;
    slot.waiting_reason = "ImagePullBackOff";
  }
}

void PodWorker::carry_out(Lock&, const Action& action) {
  const auto post = [this](auto work) {
    services().executor.post([self = shared_from_this(), work = std::move(work)] { work(*self); });
  };
  const auto name = [&] { return state_.slots[action.slot].spec->name.str(); };
  switch (action.kind) {
    case Action::Kind::set_up_volumes:
      state_.volumes_busy = true;
      return post([](PodWorker& self) { self.set_up_volumes(); });
    case Action::Kind::run_sandbox:
      state_.sandbox_busy = true;
      return post([](PodWorker& self) { self.run_sandbox(); });
    case Action::Kind::start_container: {
      auto& slot = state_.slots[action.slot];
      state_.start_busy = slot.starting = true;
      return post([name = name()](PodWorker& self) { self.start_container(name); });
    }
    case Action::Kind::stop_container: {
      auto& slot = state_.slots[action.slot];
      slot.stopping = true;
      slot.stop_by = services().clock.now() + action.grace;
      return post([name = name(), id = slot.current->id, reason = action.reason, grace = action.grace](PodWorker& self) {
        self.stop_container(name, id, reason, grace);
      });
    }
    case Action::Kind::tear_down:
      state_.tearing_down = true;
      return post([](PodWorker& self) { self.tear_down(); });
    case Action::Kind::finish:
      if (std::exchange(finishing_, true)) return;
      return post([](PodWorker& self) { self.finish(); });
  }
}

bool PodWorker::make_pending(Instant now, std::optional<Instant>& wake) {
  if (orphan_ || state_.end == PodState::End::removed) return false;
  const auto& api_status = state_.pod->status;
  if (pending_) {  // what others have added meanwhile stays theirs
    pending_->nominatedNodeName = api_status.nominatedNodeName;
    for (const auto& condition : api_status.conditions)
      if (std::none_of(pending_->conditions.begin(), pending_->conditions.end(), [&](const auto& own) { return own.type == condition.type; }))
        pending_->conditions.push_back(condition);
  }
  const corev1::PodStatus& before = pending_ ? *pending_ : api_status;
  corev1::PodStatus next = make_status(state_, before, {services().host_ip}, now, services().clock.wall());
  if (!api::semantically_equal(corev1::PodStatus::info(), &next, &before)) {
    if (!unsent_) hold_until_ = now + kHold;
    if (!pending_) changed_at_ = now;
    if (services().starts && next.phase == "Running" && before.phase != "Running") services().starts->runs(state_.pod->metadata.uid, services().clock.wall());
    pending_ = std::move(next);
    unsent_ = true;
  }
  if (!unsent_ || sending_) return false;
  if (!state_.busy() || now >= hold_until_) return true;
  if (!wake || hold_until_ < *wake) wake = hold_until_;
  return false;
}

void PodWorker::send_status(Lock& lock) {
  auto pod = std::make_shared<corev1::Pod>(*state_.pod);
  pod->status = *pending_;
  sending_ = true;
  unsent_ = false;
  lock.unlock();
  services().client.send(informer::update_status_request(std::move(pod)), [weak = weak_from_this()](Result<informer::ObjectPtr> result) {
    if (const auto self = weak.lock()) self->status_sent(std::move(result));
  });
  lock.lock();
}

void PodWorker::status_sent(Result<informer::ObjectPtr> result) {
  const auto send_again = [self = shared_from_this()] {
    Lock lock(self->mutex_);
    if (self->pending_) self->send_status(lock);
    else self->sending_ = false;
  };
  Lock lock(mutex_);
  if (result.ok()) {
    send_backoff_ = {};
    const auto pod = api::as<corev1::Pod>(*result);
    if (pod && version_of(*pod) >= version_of(*state_.pod) && pod->metadata.uid == state_.pod->metadata.uid) {
      set_pod(state_, pod);
      if (pod->metadata.deletionTimestamp && state_.end < PodState::End::deleted) state_.end = PodState::End::deleted;
    }
    sending_ = false;
    if (!unsent_) {
      pending_.reset();
      if (services().starts) status_synced(services().clock.now() - changed_at_);
    } else {
      send_status(lock);
    }
    lock.unlock();
    return poke();
  }
  const Error& error = result.error();
  if (informer::is_not_found(error) || error.code == Code::not_found) {
    sending_ = false;
    pending_.reset();
    state_.end = PodState::End::removed;
    lock.unlock();
    return poke();
  }
  if (informer::is_conflict(error)) {
    const auto& meta = state_.pod->metadata;
    auto request = informer::get_request(informer::resource_of<corev1::Pod>(), meta.namespace_, meta.name);
    lock.unlock();
    return services().client.send(std::move(request), [weak = weak_from_this(), send_again](Result<informer::ObjectPtr> latest) {
      const auto self = weak.lock();
      if (!self) return;
      if (!latest.ok()) return self->status_sent(std::move(latest));
      const auto pod = api::as<corev1::Pod>(*latest);
      {
        Lock relock(self->mutex_);
        if (pod && pod->metadata.uid != self->state_.pod->metadata.uid) {
          self->sending_ = false;
          self->state_.end = PodState::End::removed;
          relock.unlock();
          return self->poke();
        }
      }
      if (pod) self->update(pod);
      self->services().executor.post(send_again);
    });
  }
  log::warning("kubelet", "reporting the status of pod " + informer::object_key(*state_.pod) + ": " + error.message);
  send_backoff_ = std::clamp(send_backoff_ * 2, kSendRetryFirst, kSendRetryMax);
  services().clock.after(send_backoff_, [weak = weak_from_this(), send_again] {
    if (const auto self = weak.lock()) self->services().executor.post(send_again);
  });
}

ContainerSlot* PodWorker::slot(std::string_view name) {
  const auto found = std::find_if(state_.slots.begin(), state_.slots.end(), [&](const auto& slot) { return slot.spec->name == name; });
  return found == state_.slots.end() ? nullptr : &*found;
}

ContainerSlot* PodWorker::slot_by_id(std::string_view id) {
  const auto found = std::find_if(state_.slots.begin(), state_.slots.end(), [&](const auto& slot) { return slot.current && slot.current->id == id; });
  return found == state_.slots.end() ? nullptr : &*found;
}

const corev1::Container* PodWorker::container(const corev1::Pod& pod, std::string_view name) {
  for (const auto* list : {&pod.spec.initContainers, &pod.spec.containers})
    for (const auto& item : *list)
      if (item.name == name) return &item;
  return nullptr;
}

void PodWorker::event(const corev1::Pod& pod, std::string_view type, std::string_view reason, std::string_view message, std::string_view container_name) {
  if (!services().events || orphan_) return;
  auto about = informer::reference_to(pod);
  if (!container_name.empty()) {
    const bool init = std::any_of(pod.spec.initContainers.begin(), pod.spec.initContainers.end(),
                                  [&](const auto& item) { return item.name == container_name; });
    about.fieldPath = std::string(init ? "spec.initContainers{" : "spec.containers{") + std::string(container_name) + "}";
  }
  services().events->record(about, type, reason, message);
}

}  // namespace plumb::kubelet
