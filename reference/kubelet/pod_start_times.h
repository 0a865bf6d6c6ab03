// How long pods take to start, as upstream's kubelet reckons it: from a pod's creation until all of its containers have been seen running by a
// watch. What images take to be pulled and init containers to run is not the kubelet's, and no part of the SLI
// (https://github.com/kubernetes/community/blob/master/sig-scalability/slos/pod_startup_latency.md); nor are pods that could not be scheduled at
// once, and pods with volumes other than secrets, config maps, the downward API and empty directories. Pods that a kubelet finds already
// accepted when it starts are not measured. Safe from any thread.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "harness/base/clock.h"
#include "reference/api/types/corev1.h"

namespace plumb::kubelet {

struct PodStart {
  Duration total{};             // from its creation
  std::optional<Duration> sli;  // none: the pod is not one that the SLI is about
  bool on_pod_network = false;
};

class PodStartTimes {
 public:
  // `started` is called once a pod, without the lock; `running` with the time since the pod was first seen, when it is known to run.
  PodStartTimes(std::function<void(const PodStart&)> started, std::function<void(Duration)> running) : started_(std::move(started)), running_(std::move(running)) {}

  // The API shows the pod so.
  void saw(const corev1::Pod& pod, WallTime now);
  void gone(std::string_view uid);
  // Of a pod's images; pulls may overlap.
  void pulled(std::string_view uid, WallTime began, WallTime ended);
  void init_ran(std::string_view uid, Duration took);
  // Its phase becomes Running.
  void runs(std::string_view uid, WallTime now);

 private:
  struct Pull {
    WallTime began, ended;
  };
  struct Pod {
    WallTime seen;
    std::vector<Pull> pulls;
    Duration init{};
    bool said_running = false, done = false;
  };
  std::optional<PodStart> start_of(const corev1::Pod& pod, WallTime now);  // under mutex_

  const std::function<void(const PodStart&)> started_;
  const std::function<void(Duration)> running_;
  std::mutex mutex_;
  std::unordered_map<std::string, Pod> pods_;       // under mutex_; by UID
  std::unordered_set<std::string> unschedulable_;  // under mutex_; UIDs
};

}  // namespace plumb::kubelet
