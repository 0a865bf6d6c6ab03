// The decision behind node lifecycle: what a node's conditions and taints should be, given when it was last heard of.
#pragma once

#include <memory>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/plan.h"

namespace plumb::controllers::nodelifecycle {

struct Observed {
  std::shared_ptr<const corev1::Node> node;
  Instant heard;               // of the last change of its heartbeat or lease that was seen
  bool reported_ready = true;  // as the last event on the node said
  bool is_new = false;         // not seen before by this controller
  bool all_unready = false;    // no node is ready: more likely the control plane's own trouble; nothing is evicted
  std::vector<std::shared_ptr<const corev1::Pod>> pods;  // on the node
};

struct Limits {
  Duration grace = std::chrono::seconds(50);
  Duration startup_grace = std::chrono::seconds(60);  // for a node that never posted a status
};

// Silence beyond the grace period turns the conditions the kubelet keeps to Unknown. Taints follow the conditions: NoSchedule for each, and
// NoExecute while the node is not ready (not-ready) or not heard of (unreachable). Pods on a node that is not ready are not ready.
Plan decide(const Observed& observed, const Limits& limits, const Now& now);

bool is_ready(const corev1::Node& node);

}  // namespace plumb::controllers::nodelifecycle
