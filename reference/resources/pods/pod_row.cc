#include "reference/resources/pods/pod_row.h"

#include <algorithm>

#include "reference/resources/shared/print.h"

namespace plumb::resources {
namespace {

bool is_true(const corev1::Pod& pod, std::string_view condition) {
  return std::any_of(pod.status.conditions.begin(), pod.status.conditions.end(),
                     [&](const corev1::PodCondition& one) { return one.type == condition && one.status == "True"; });
}

bool is_restartable(const corev1::Container& container) { return container.restartPolicy && *container.restartPolicy == "Always"; }
bool is_restartable(const corev1::Pod& pod, std::string_view init_container) {
  const auto& list = pod.spec.initContainers;
  return std::any_of(list.begin(), list.end(), [&](const auto& one) { return one.name == init_container && is_restartable(one); });
}

struct Restarts {
  std::int64_t count = 0;
  api::Time last;
  void add(const corev1::ContainerStatus& status) {
    count += status.restartCount;
    const auto& before = status.lastState.terminated;
    if (before && before->finishedAt && (!last || last < before->finishedAt)) last = before->finishedAt;
  }
  std::string text(WallTime now) const {
    std::string out = std::to_string(count);
    if (count && last) out += " (" + time_since(last, now) + " ago)";
    return out;
  }
};

std::string why_terminated(const corev1::ContainerStateTerminated& state) {
  if (!state.reason.empty()) return state.reason.str();
  if (state.signal) return "Signal:" + std::to_string(state.signal);
  return "ExitCode:" + std::to_string(state.exitCode);
}

// What the containers' states add up to.
class Summary {
 public:
  explicit Summary(const corev1::Pod& pod) : pod_(pod) {
    reason_ = pod.status.reason.empty() ? pod.status.phase.str() : pod.status.reason.str();
    for (const auto& condition : pod.status.conditions)
      if (condition.type == "PodScheduled" && condition.reason == "SchedulingGated") reason_ = condition.reason.str();
    total_ = static_cast<std::int64_t>(pod.spec.containers.size());
    for (const auto& container : pod.spec.initContainers) total_ += is_restartable(container);
    const bool initializing = read_init_containers();
    if (!initializing || is_true(pod, "Initialized")) read_containers();
    if (!pod.metadata.deletionTimestamp) return;
    if (pod.status.reason == "NodeLost")
      reason_ = "Unknown";
    else if (pod.status.phase != "Succeeded" && pod.status.phase != "Failed")
      reason_ = "Terminating";
  }

  std::string ready() const { return std::to_string(ready_) + "/" + std::to_string(total_); }
  const std::string& reason() const { return reason_; }
  std::string restarts(WallTime now) const { return restarts_.text(now); }

 private:
  // True while the pod still initializes, or failed to.
  bool read_init_containers() {
    Restarts sidecars;
    const auto& statuses = pod_.status.initContainerStatuses;
    for (std::size_t i = 0; i < statuses.size(); ++i) {
      const auto& status = statuses[i];
      const auto& state = status.state;
      const bool sidecar = is_restartable(pod_, status.name);
      restarts_.add(status);
      if (sidecar) sidecars.add(status);
      if (state.terminated && state.terminated->exitCode == 0) continue;
      if (sidecar && status.started.value_or(false)) {
        ready_ += status.ready;
        continue;
      }
      if (state.terminated)
        reason_ = "Init:" + why_terminated(*state.terminated);
      else if (state.waiting && !state.waiting->reason.empty() && state.waiting->reason != "PodInitializing")
        reason_ = "Init:" + state.waiting->reason.str();
      else
        reason_ = "Init:" + std::to_string(i) + "/" + std::to_string(pod_.spec.initContainers.size());
      sidecars_ = sidecars;
      return true;
    }
    sidecars_ = sidecars;
    return false;
  }

  void read_containers() {
    restarts_ = sidecars_;
    bool running = false;
    const auto& statuses = pod_.status.containerStatuses;
    for (std::size_t i = statuses.size(); i-- > 0;) {
      const auto& status = statuses[i];
      const auto& state = status.state;
      restarts_.add(status);
      if (state.waiting && !state.waiting->reason.empty()) {
        reason_ = state.waiting->reason.str();
      } else if (state.terminated) {
        reason_ = why_terminated(*state.terminated);
      } else if (status.ready && state.running) {
        running = true;
        ++ready_;
      }
    }
    if (reason_ == "Completed" && running) reason_ = is_true(pod_, "Ready") ? "Running" : "NotReady";
  }

  const corev1::Pod& pod_;
  std::string reason_;
  std::int64_t ready_ = 0, total_ = 0;
  Restarts restarts_, sidecars_;
};

std::string readiness_gates(const corev1::Pod& pod) {
  const auto& gates = pod.spec.readinessGates;
  if (gates.empty()) return "<none>";
  const auto met = std::count_if(gates.begin(), gates.end(), [&](const auto& gate) { return is_true(pod, gate.conditionType); });
  return std::to_string(met) + "/" + std::to_string(gates.size());
}

}  // namespace

std::vector<Column> pod_columns() {
  return {name_column(),
          text_column("Ready", "Containers that are ready, of all."),
          text_column("Status", "What the states of the containers add up to."),
          text_column("Restarts", "How often containers were restarted, and when last."),
          age_column(),
          text_column("IP", "The pod's address.", 1),
          text_column("Node", "The node the pod is bound to.", 1),
          text_column("Nominated Node", "The node where preemption makes room for the pod.", 1),
          text_column("Readiness Gates", "Readiness gates that are met, of all.", 1)};
}

std::vector<Cell> pod_row(const corev1::Pod& pod, WallTime now) {
  const Summary summary(pod);
  const std::string_view ip = pod.status.podIPs.empty() ? std::string_view() : pod.status.podIPs.front().ip.view();
  return {pod.metadata.name,
          summary.ready(),
          summary.reason(),
          summary.restarts(now),
          age(pod, now),
          or_else(ip, "<none>"),
          or_else(pod.spec.nodeName, "<none>"),
          or_else(pod.status.nominatedNodeName, "<none>"),
          readiness_gates(pod)};
}

}  // namespace plumb::resources
