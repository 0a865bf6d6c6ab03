// The pod's state machine, as one pure function: what is known of a pod and the time go in, what to do next comes out. Whoever carries the
// actions out marks them in the state (sandbox_busy, starting, …), changes the state by what they bring, and asks again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/kubelet/pod_state.h"

namespace plumb::kubelet {

struct Action {
  enum class Kind : std::uint8_t {
    set_up_volumes,
    run_sandbox,      // a former one is stopped first
    start_container,
    stop_container,   // reason and grace
    tear_down,        // stop the sandbox, give up the volumes; logs and ended containers stay
    finish,           // a pod that is deleted: remove every trace on the node, and the pod from the API
  };
  Kind kind = Kind::finish;
  std::size_t slot = 0;
  std::string reason;
  Duration grace{};
};

struct Decision {
  std::vector<Action> actions;
  std::optional<Instant> wake;  // ask again then, if nothing else happens before
};

Decision decide(const PodState& state, Instant now);

inline constexpr Duration kCrashBackoffFirst = std::chrono::seconds(10);
inline constexpr Duration kCrashBackoffMax = std::chrono::minutes(5);

// When a container that ended may start again. Upstream's: at once after the first end, then after 10 s doubled by each restart up to five
// minutes, counted from its end; it starts over when the container had run for ten minutes.
Instant crash_wait_ends(const ContainerSlot& slot);
// To be called when a container that ended is started again.
void note_restart(ContainerSlot& slot, Instant now);

// One line an action, for transcripts: "start main", "stop main (grace 30s): …".
std::string describe(const PodState& state, const Action& action);

}  // namespace plumb::kubelet
