// What a kubelet knows of one pod: the pod as the API has it, and what the runtime, the volumes and the probes say. Plain data; the
// decisions over it are pure functions: decide() (decide.h) says what to do next, make_status() (status.h) what to report.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "reference/api/types/corev1.h"
#include "reference/cri/runtime.h"

namespace plumb::kubelet {

using PodPtr = std::shared_ptr<const corev1::Pod>;

// One container in the runtime: one attempt at running a container of the pod.
struct ContainerRun {
  std::string id;
  std::uint32_t attempt = 0;
  cri::ContainerState state = cri::ContainerState::created;
  std::optional<WallTime> started_at, finished_at;
  int exit_code = 0;
  std::string reason, message;
  std::string image_ref;
  std::string image;       // as the pod asked for it when the container was made

  bool running() const { return state == cri::ContainerState::running; }
  bool exited() const { return state == cri::ContainerState::exited || state == cri::ContainerState::unknown; }
};

enum class ContainerKind : std::uint8_t {
  init,     // runs to its end before the next one starts
  sidecar,  // an init container that is restarted always: the next one starts when it has started
  app,
};

struct ContainerSlot {
  const corev1::Container* spec = nullptr;  // within the pod of the state
  ContainerKind kind = ContainerKind::app;
  std::optional<ContainerRun> current, previous;

  std::string waiting_reason, waiting_message;  // why the last try to start failed: "ErrImagePull", "CreateContainerError", …
  Instant retry_at{};                           // not before then
  Duration retry_backoff{};                     // of image pulls
  Duration crash_backoff{};                     // before the next restart; zero: at once
  Instant backoff_set_at{}, ended_at{};
  bool starting = false, stopping = false;
  Instant stop_by{};           // when stopping: when the grace is over
  bool started = false;        // the startup probe, if any, has passed
  bool ready = false;          // by the readiness probe, if any; meaningful while running
  std::string kill_reason;     // why it must be restarted: a probe failed, its definition changed
  std::optional<std::int64_t> kill_grace_seconds;

  bool running() const { return current && current->running(); }
  bool succeeded() const { return current && current->exited() && current->exit_code == 0; }
};

struct PodState {
  // Why the pod must end. What comes later in this list overrides.
  enum class End : std::uint8_t {
    none,
    failed,   // the kubelet ends it: deadline, eviction, not admitted; end_reason and end_message say why
    deleted,  // it has a deletion timestamp
    removed,  // it is gone from the API
  };

  PodPtr pod;
  std::vector<ContainerSlot> slots;  // init containers, then containers, in the pod's order

  std::string sandbox_id;
  std::uint32_t sandbox_attempt = 0;  // of the sandbox that is there, or of the next one when there is none
  bool sandbox_ready = false, sandbox_busy = false;
  std::vector<std::string> ips;
  Instant sandbox_retry_at{};
  Duration sandbox_backoff{};

  bool volumes_ready = false, volumes_busy = false;
  Instant volumes_retry_at{};
  Duration volumes_backoff{};

  bool start_busy = false;   // a container is being started; one at a time, in order
  bool tearing_down = false, torn_down = false;  // sandbox stopped, volumes gone
  std::optional<WallTime> acknowledged;          // when the kubelet first saw it: status.startTime
  Instant active_since{};                        // the same on the other clock, for activeDeadlineSeconds

  End end = End::none;
  std::string end_reason, end_message;

  bool ending() const { return end != End::none; }
  bool busy() const { return sandbox_busy || volumes_busy || start_busy || tearing_down; }
};

// Slots for the containers of a pod; takes over what `state` knows of containers with the same name.
void set_pod(PodState& state, PodPtr pod);

// How long the pod may take to end, as its deletion or its spec says; at least the two seconds that upstream grants.
Duration termination_grace(const PodState& state);

// Will a container that has ended run again?
bool restarts(const PodState& state, const ContainerSlot& slot);
// All init containers have done their part.
bool initialized(const PodState& state);
// Nothing will ever run again: all containers have ended for good, or an init container has failed for good.
bool completed(const PodState& state);

}  // namespace plumb::kubelet
