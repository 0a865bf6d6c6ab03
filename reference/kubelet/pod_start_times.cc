#include "reference/kubelet/pod_start_times.h"

#include <algorithm>

#include "reference/kubelet/status.h"

namespace plumb::kubelet {
namespace {

bool all_run(const corev1::Pod& pod) {
  const auto& statuses = pod.status.containerStatuses;
  return !statuses.empty() && std::all_of(statuses.begin(), statuses.end(), [](const auto& status) { return status.state.running && status.state.running->startedAt; });
}

bool could_not_be_scheduled(const corev1::Pod& pod) {
  return std::any_of(pod.status.conditions.begin(), pod.status.conditions.end(), [](const auto& each) { return each.type == "PodScheduled" && each.status == "False"; });
}

bool has_state(const corev1::Pod& pod) {
  return std::any_of(pod.spec.volumes.begin(), pod.spec.volumes.end(), [](const auto& volume) {
    const auto& source = volume.volumeSource;
    return !source.secret && !source.configMap && !source.downwardAPI && !source.emptyDir;
  });
}

}  // namespace

void PodStartTimes::saw(const corev1::Pod& pod, WallTime now) {
  std::optional<PodStart> start;
  {
    std::lock_guard lock(mutex_);
    start = start_of(pod, now);
  }
  if (start) started_(*start);
}

std::optional<PodStart> PodStartTimes::start_of(const corev1::Pod& pod, WallTime now) {
  const std::string uid = pod.metadata.uid.str();
  if (is_terminal(pod.status.phase)) return pods_.erase(uid), std::nullopt;
  if (unschedulable_.contains(uid)) return std::nullopt;
  const auto found = pods_.find(uid);
  if (found == pods_.end() && pod.status.startTime) return std::nullopt;
  if (could_not_be_scheduled(pod)) {
    pods_.erase(uid);
    unschedulable_.insert(uid);
    return std::nullopt;
  }
  if (found == pods_.end()) {
    pods_[uid].seen = now;
    return std::nullopt;
  }
  Pod& known = found->second;
  if (known.done || !all_run(pod) || !pod.metadata.creationTimestamp) return std::nullopt;
  known.done = true;
  PodStart start;
  start.total = now - pod.metadata.creationTimestamp.wall();
  start.on_pod_network = !pod.spec.hostNetwork;
  if (has_state(pod)) return start;
  std::sort(known.pulls.begin(), known.pulls.end(), [](const Pull& a, const Pull& b) { return a.began < b.began; });
  Duration pulling{};
  WallTime until{};
  for (const Pull& pull : known.pulls) {
    if (pull.ended > until) pulling += pull.ended - std::max(pull.began, until);
    until = std::max(until, pull.ended);
  }
  start.sli = start.total - pulling - known.init;
  return start;
}

void PodStartTimes::gone(std::string_view uid) {
  std::lock_guard lock(mutex_);
  pods_.erase(std::string(uid));
  unschedulable_.erase(std::string(uid));
}

void PodStartTimes::pulled(std::string_view uid, WallTime began, WallTime ended) {
  std::lock_guard lock(mutex_);
  if (const auto found = pods_.find(std::string(uid)); found != pods_.end() && !found->second.done) found->second.pulls.push_back({began, ended});
}

void PodStartTimes::init_ran(std::string_view uid, Duration took) {
  std::lock_guard lock(mutex_);
  if (const auto found = pods_.find(std::string(uid)); found != pods_.end() && took > Duration::zero()) found->second.init += took;
}

void PodStartTimes::runs(std::string_view uid, WallTime now) {
  Duration took{};
  {
    std::lock_guard lock(mutex_);
    const auto found = pods_.find(std::string(uid));
    if (found == pods_.end() || std::exchange(found->second.said_running, true)) return;
    took = now - found->second.seen;
  }
  running_(took);
}

}  // namespace plumb::kubelet
