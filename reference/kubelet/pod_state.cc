#include "reference/kubelet/pod_state.h"

#include <algorithm>

namespace plumb::kubelet {
namespace {

constexpr std::int64_t kMinimumGraceSeconds = 2;

void add_slot(std::vector<ContainerSlot>& slots, std::vector<ContainerSlot>& known, const corev1::Container& spec, ContainerKind kind) {
  const auto same = std::find_if(known.begin(), known.end(), [&](const ContainerSlot& slot) { return slot.spec && slot.spec->name == spec.name; });
  ContainerSlot& slot = slots.emplace_back(same == known.end() ? ContainerSlot{} : std::move(*same));
  if (same != known.end()) same->spec = nullptr;
  slot.spec = &spec;
  slot.kind = kind;
}

bool failed_for_good(const PodState& state, const ContainerSlot& slot) {
  return slot.kind == ContainerKind::init && slot.current && slot.current->exited() && !slot.succeeded() && !restarts(state, slot);
}

}  // namespace

void set_pod(PodState& state, PodPtr pod) {
  std::vector<ContainerSlot> slots;
  slots.reserve(pod->spec.initContainers.size() + pod->spec.containers.size());
  for (const auto& spec : pod->spec.initContainers)
    add_slot(slots, state.slots, spec, spec.restartPolicy.value_or("") == "Always" ? ContainerKind::sidecar : ContainerKind::init);
  for (const auto& spec : pod->spec.containers) add_slot(slots, state.slots, spec, ContainerKind::app);
  state.slots = std::move(slots);
  state.pod = std::move(pod);
}

Duration termination_grace(const PodState& state) {
  const auto& pod = *state.pod;
  std::int64_t seconds = pod.spec.terminationGracePeriodSeconds.value_or(30);
  if (pod.metadata.deletionTimestamp && pod.metadata.deletionGracePeriodSeconds) seconds = *pod.metadata.deletionGracePeriodSeconds;
  return std::chrono::seconds(std::max(seconds, kMinimumGraceSeconds));
}

bool restarts(const PodState& state, const ContainerSlot& slot) {
  if (slot.kind == ContainerKind::sidecar) return true;
  const auto& policy = state.pod->spec.restartPolicy;
  if (policy == "Never") return false;
  if (slot.kind == ContainerKind::init || policy == "OnFailure") return !slot.succeeded();
  return true;
}

bool initialized(const PodState& state) {
  // Once a container has been made, its init containers had done their part, whatever became of them since.
  const bool app_made = std::any_of(state.slots.begin(), state.slots.end(), [](const auto& slot) { return slot.kind == ContainerKind::app && slot.current; });
  return app_made || std::all_of(state.slots.begin(), state.slots.end(), [](const ContainerSlot& slot) {
    return slot.kind == ContainerKind::app || (slot.kind == ContainerKind::init ? slot.succeeded() : slot.running() && slot.started);
  });
}

bool completed(const PodState& state) {
  bool all_ended = true;
  for (const auto& slot : state.slots) {
    if (failed_for_good(state, slot)) return true;
    if (slot.kind == ContainerKind::app) all_ended &= slot.current && slot.current->exited() && !restarts(state, slot);
  }
  return all_ended;
}

}  // namespace plumb::kubelet
