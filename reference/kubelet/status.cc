#include "reference/kubelet/status.h"

#include <algorithm>
#include <array>

#include "harness/base/encoding.h"
#include "reference/api/text/quantity.h"
#include "reference/api/text/time.h"
#include "reference/kubelet/decide.h"

namespace plumb::kubelet {
namespace {

using corev1::PodCondition;

constexpr std::array kOwnConditions = {"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"};

corev1::ContainerState terminated_state(const ContainerRun& run) {
  corev1::ContainerState state;
  auto& ended = state.terminated.ensure();
  ended.exitCode = run.exit_code;
  ended.reason = run.reason;
  ended.message = run.message;
  if (run.started_at) ended.startedAt = api::Time::from(*run.started_at);
  if (run.finished_at) ended.finishedAt = api::Time::from(*run.finished_at);
  ended.containerID = "containerd://" + run.id;
  return state;
}

corev1::ContainerState waiting_state(std::string_view reason, std::string_view message = {}) {
  corev1::ContainerState state;
  state.waiting.ensure().reason = reason;
  if (!message.empty()) state.waiting->message = message;
  return state;
}

corev1::ContainerState running_state(const ContainerRun& run) {
  corev1::ContainerState state;
  auto& running = state.running.ensure();
  if (run.started_at) running.startedAt = api::Time::from(*run.started_at);
  return state;
}

class Maker {
 public:
  Maker(const PodState& state, const corev1::PodStatus& before, Instant now, WallTime wall)
      : state_(state), pod_(*state.pod), before_(before), now_(now), wall_(wall), initialized_(initialized(state)) {}

  corev1::PodStatus make(const NodeAddresses& node) {
    status_.observedGeneration = pod_.metadata.generation;
    status_.nominatedNodeName = before_.nominatedNodeName;
    status_.resourceClaimStatuses = before_.resourceClaimStatuses;
    status_.hostIP = node.host_ip;
    if (!node.host_ip.empty()) status_.hostIPs.emplace_back().ip = node.host_ip;
    if (state_.acknowledged) status_.startTime = api::Time::from(*state_.acknowledged);
    status_.qosClass = qos_class(pod_);
    if (rejected()) return reject();
    addresses(node);
    for (const auto& slot : state_.slots)
      (slot.kind == ContainerKind::app ? status_.containerStatuses : status_.initContainerStatuses).push_back(container(slot));
    status_.phase = phase();
    if (state_.end == PodState::End::failed) {
      status_.reason = state_.end_reason;
      status_.message = state_.end_message;
    }
    conditions();
    return std::move(status_);
  }

 private:
  bool never_started() const {
    return state_.sandbox_id.empty() && std::none_of(state_.slots.begin(), state_.slots.end(), [](const auto& slot) { return slot.current.has_value(); });
  }
  // A pod that the node did not admit has a phase and a reason and nothing else.
  bool rejected() const { return state_.end == PodState::End::failed && state_.sandbox_attempt == 0 && never_started() && state_.end_reason != "DeadlineExceeded"; }
  corev1::PodStatus reject() {
    status_.hostIP = {};
    status_.hostIPs = {};
    status_.phase = "Failed";
    status_.reason = state_.end_reason;
    status_.message = "Pod was rejected: " + state_.end_message;
    status_.conditions = before_.conditions;
    return std::move(status_);
  }

  void addresses(const NodeAddresses& node) {
    std::vector<std::string> ips = state_.ips;
    if (pod_.spec.hostNetwork && ips.empty() && !node.host_ip.empty()) ips.push_back(node.host_ip);
    if (ips.empty()) {  // a pod that has ended keeps the address it had
      status_.podIP = before_.podIP;
      status_.podIPs = before_.podIPs;
      return;
    }
    status_.podIP = ips[0];
    for (const auto& ip : ips) status_.podIPs.emplace_back().ip = ip;
  }

  corev1::ContainerStatus container(const ContainerSlot& slot) const {
    corev1::ContainerStatus status;
    status.name = slot.spec->name;
    status.image = slot.spec->image;
    const auto& run = slot.current;
    if (run) {
      status.image = run->image.empty() ? slot.spec->image.str() : run->image;
      status.imageID = run->image_ref;
      status.containerID = "containerd://" + run->id;
      status.restartCount = static_cast<std::int32_t>(run->attempt);
    }
    status.state = current_state(slot, status.lastState);
    const bool running = status.state.running.has_value();
    status.started = running && slot.started;
    status.ready = slot.kind == ContainerKind::init ? slot.succeeded() : running && slot.ready && slot.started;
    if (!pod_.spec.containers.empty() && run) resources(slot, status);
    return status;
  }

  void resources(const ContainerSlot& slot, corev1::ContainerStatus& status) const {
    if (slot.spec->resources.requests.empty() && slot.spec->resources.limits.empty()) return;
    status.allocatedResources = slot.spec->resources.requests;
    status.resources = slot.spec->resources;
  }

  corev1::ContainerState current_state(const ContainerSlot& slot, corev1::ContainerState& last) const {
    const auto& run = slot.current;
    if (run && run->running()) {
      if (slot.previous) last = terminated_state(*slot.previous);
      return running_state(*run);
    }
    const bool again = run && run->exited() && !state_.ending() && restarts(state_, slot);
    if (run && run->exited() && !again) {
      if (slot.previous) last = terminated_state(*slot.previous);
      return terminated_state(*run);
    }
    if (run && run->exited()) {
      last = terminated_state(*run);
      if (!slot.waiting_reason.empty()) return waiting_state(slot.waiting_reason, slot.waiting_message);
      if (crash_wait_ends(slot) > now_ && !slot.starting) return waiting_state("CrashLoopBackOff", back_off_message(pod_, slot));
      last = slot.previous ? terminated_state(*slot.previous) : corev1::ContainerState{};
      return terminated_state(*run);
    }
    if (!slot.waiting_reason.empty()) return waiting_state(slot.waiting_reason, slot.waiting_message);
    if (state_.ending() && state_.torn_down) return lost_state();
    return waiting_state(slot.kind == ContainerKind::app && !initialized_ ? "PodInitializing" : waiting_default());
  }
  std::string_view waiting_default() const { return pod_.spec.initContainers.empty() ? "ContainerCreating" : "PodInitializing"; }
  corev1::ContainerState lost_state() const {
    corev1::ContainerState state;
    auto& ended = state.terminated.ensure();
    ended.exitCode = 137;
    ended.reason = "ContainerStatusUnknown";
    ended.message = "The container could not be located when the pod was terminated";
    return state;
  }

  std::string phase() const {
    if (is_terminal(before_.phase)) return before_.phase.str();
    if (state_.end == PodState::End::failed) return "Failed";
    const bool final = state_.ending() && state_.torn_down;
    bool init_pending = false, waiting = false, running = false, all_succeeded = true;
    for (const auto& slot : state_.slots) {
      if (slot.kind == ContainerKind::init && !slot.succeeded()) {
        const bool failed = slot.current && slot.current->exited() && !restarts(state_, slot);
        if (failed) return "Failed";
        init_pending |= !initialized_;
      }
      if (slot.kind == ContainerKind::sidecar && !initialized_) init_pending |= !(slot.running() && slot.started);
      if (slot.kind != ContainerKind::app) continue;
      running |= slot.running();
      waiting |= !slot.current || slot.current->state == cri::ContainerState::created;
      all_succeeded &= slot.succeeded();
    }
    if (final) return all_succeeded && !init_pending ? "Succeeded" : "Failed";
    if (init_pending || (waiting && !any_previous())) return "Pending";
    if (running || pod_.spec.restartPolicy == "Always") return "Running";
    if (all_succeeded) return "Succeeded";
    return pod_.spec.restartPolicy == "Never" ? "Failed" : "Running";
  }
  // A container that waits after it has run before counts as stopped, not as waiting.
  bool any_previous() const {
    return std::all_of(state_.slots.begin(), state_.slots.end(), [](const auto& slot) {
      return slot.kind != ContainerKind::app || (slot.current && slot.current->state != cri::ContainerState::created) || slot.previous;
    });
  }

  void conditions() {
    set("PodReadyToStartContainers", state_.sandbox_ready ? "True" : "False");
    set_initialized();
    std::string unready;
    for (const auto& status : status_.containerStatuses)
      if (!status.ready) unready += (unready.empty() ? "" : " ") + status.name.str();
    for (const auto& slot : state_.slots)
      if (slot.kind == ContainerKind::sidecar && !sidecar_ready(slot)) unready += (unready.empty() ? "" : " ") + slot.spec->name.str();
    PodCondition ready = readiness("ContainersReady", unready);
    PodCondition pod_ready = ready;
    pod_ready.type = "Ready";
    if (ready.status == "True") apply_gates(pod_ready);
    put(std::move(pod_ready));
    put(std::move(ready));
    set("PodScheduled", "True");
    for (const auto& other : before_.conditions)
      if (std::none_of(kOwnConditions.begin(), kOwnConditions.end(), [&](const char* own) { return other.type == own; })) status_.conditions.push_back(other);
  }
  bool sidecar_ready(const ContainerSlot& slot) const { return slot.running() && slot.ready && slot.started; }

  PodCondition readiness(std::string_view type, const std::string& unready) const {
    PodCondition condition;
    condition.type = type;
    condition.status = "False";
    if (status_.phase == "Succeeded") return condition.reason = "PodCompleted", condition;
    if (status_.phase == "Failed") return condition.reason = "PodFailed", condition;
    if (unready.empty() && initialized_) return condition.status = "True", condition;
    condition.reason = "ContainersNotReady";
    if (!unready.empty()) condition.message = "containers with unready status: [" + unready + "]";
    return condition;
  }

  void apply_gates(PodCondition& ready) const {
    std::vector<std::string> missing;
    for (const auto& gate : pod_.spec.readinessGates) {
      const auto found = std::find_if(before_.conditions.begin(), before_.conditions.end(), [&](const auto& c) { return c.type == gate.conditionType; });
      if (found == before_.conditions.end())
        missing.push_back("corresponding condition of pod readiness gate \"" + gate.conditionType.str() + "\" does not exist.");
      else if (found->status != "True")
        missing.push_back("the status of pod readiness gate \"" + gate.conditionType.str() + "\" is not \"True\", but " + found->status.str());
    }
    if (missing.empty()) return;
    ready.status = "False";
    ready.reason = "ReadinessGatesNotReady";
    ready.message = join(missing, ", ");
  }

  void set_initialized() {
    std::string incomplete;
    for (const auto& slot : state_.slots) {
      if (slot.kind == ContainerKind::app) continue;
      const bool done = slot.kind == ContainerKind::init ? slot.succeeded() : slot.started && slot.running();
      if (!done) incomplete += (incomplete.empty() ? "" : " ") + slot.spec->name.str();
    }
    PodCondition condition;
    condition.type = "Initialized";
    condition.status = initialized_ || status_.phase == "Succeeded" ? "True" : "False";
    if (status_.phase == "Succeeded")
      condition.reason = "PodCompleted";
    else if (!initialized_) {
      condition.reason = "ContainersNotInitialized";
      condition.message = "containers with incomplete status: [" + incomplete + "]";
    }
    put(std::move(condition));
  }

  void set(std::string_view type, std::string_view value) {
    PodCondition condition;
    condition.type = type;
    condition.status = value;
    put(std::move(condition));
  }
  void put(PodCondition condition) {
    const auto known = std::find_if(before_.conditions.begin(), before_.conditions.end(), [&](const auto& c) { return c.type == condition.type; });
    const bool same = known != before_.conditions.end() && known->status == condition.status;
    condition.lastTransitionTime = same && known->lastTransitionTime ? known->lastTransitionTime : api::Time::from(wall_);
    condition.observedGeneration = pod_.metadata.generation;
    status_.conditions.push_back(std::move(condition));
  }

  const PodState& state_;
  const corev1::Pod& pod_;
  const corev1::PodStatus& before_;
  const Instant now_;
  const WallTime wall_;
  const bool initialized_;
  corev1::PodStatus status_;
};

struct Amounts {
  api::Quantity request, limit;
};

Amounts amounts(const corev1::Container& container, std::string_view resource) {
  const auto parse = [&](const auto& map) {
    const auto* found = map.find(resource);
    return found ? api::Quantity::parse(found->text).ok() ? *api::Quantity::parse(found->text) : api::Quantity() : api::Quantity();
  };
  return {parse(container.resources.requests), parse(container.resources.limits)};
}

}  // namespace

corev1::PodStatus make_status(const PodState& state, const corev1::PodStatus& before, const NodeAddresses& node, Instant now, WallTime wall) {
  return Maker(state, before, now, wall).make(node);
}

std::string_view qos_class(const corev1::Pod& pod) {
  if (!pod.status.qosClass.empty()) return pod.status.qosClass;
  bool any = false, guaranteed = true;
  const auto look = [&](const corev1::Container& container) {
    for (const char* resource : {"cpu", "memory"}) {
      const auto [request, limit] = amounts(container, resource);
      any |= !request.is_zero() || !limit.is_zero();
      guaranteed &= !limit.is_zero() && (request.is_zero() || request == limit);
    }
  };
  for (const auto& container : pod.spec.initContainers) look(container);
  for (const auto& container : pod.spec.containers) look(container);
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

std::string pod_in_messages(const corev1::Pod& pod) {
  return pod.metadata.name.str() + "_" + pod.metadata.namespace_.str() + "(" + pod.metadata.uid.str() + ")";
}

std::string back_off_message(const corev1::Pod& pod, const ContainerSlot& slot) {
  return "back-off " + api::format_duration(slot.crash_backoff) + " restarting failed container=" + slot.spec->name.str() + " pod=" + pod_in_messages(pod);
}

}  // namespace plumb::kubelet
