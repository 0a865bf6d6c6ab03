// The decision of the StatefulSet controller: one pass from a set, its pods and claims to what to do next. Upstream's behaviour: a pod for
// each ordinal, made in order and deleted in reverse (OrderedReady) or at once (Parallel); its claims before it; a rolling update from the
// highest ordinal down to the partition, within maxUnavailable; pods that ended replaced; the status of both revisions.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference/controllers/statefulset/revisions.h"

namespace plumb::controllers::statefulset {

using PodPtr = std::shared_ptr<const corev1::Pod>;
using ClaimPtr = std::shared_ptr<const corev1::PersistentVolumeClaim>;

struct Observed {
  std::shared_ptr<const appsv1::StatefulSet> set;
  std::vector<PodPtr> pods;                             // claimed
  std::map<std::string, ClaimPtr, std::less<>> claims;  // by name: those there are for the ordinals of the set and of its pods
};

Plan decide(const Observed& observed, const Revisions& revisions, const Now& now);

}  // namespace plumb::controllers::statefulset
