// The decision of the DaemonSet controller: one pass from a set, the nodes and its pods to what to do next. Upstream's behaviour: a pod on
// each node that the template fits, none elsewhere; pods that ended replaced; the rolling update, old pods first deleted within
// maxUnavailable, or new ones first made within maxSurge; the status counts.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/controllers/daemonset/failed_pods.h"
#include "reference/controllers/daemonset/history.h"

namespace plumb::controllers::daemonset {

using NodePtr = std::shared_ptr<const corev1::Node>;

inline constexpr std::size_t burst = 250;  // pods made, and pods deleted, by one plan

struct Observed {
  std::shared_ptr<const appsv1::DaemonSet> set;
  std::vector<NodePtr> nodes;  // by name
  std::vector<PodPtr> pods;    // claimed
  bool expectations_satisfied = true;
};

struct Decision {
  Plan plan;
  std::vector<std::string> failed_on;  // nodes whose failed pod is being deleted
};

Decision decide(const Observed& observed, const History& history, const FailedPods& failures, const Now& now);

}  // namespace plumb::controllers::daemonset
