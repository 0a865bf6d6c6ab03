// Which pods would have to go for a pod to fit on a node, and which node's pods go first.
// https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
#pragma once

#include <memory>
#include <vector>

#include "reference/api/types/policyv1.h"
#include "reference/scheduler/node_table.h"

namespace plumb::scheduler {

using Budgets = std::vector<std::shared_ptr<const policyv1::PodDisruptionBudget>>;

// The higher priority; of equals the one that has run longer. A pod that has not started has run for no time.
bool more_important(const PodInfo& a, const PodInfo& b);

// As few and as unimportant pods of lower priority as the filters ask for: all are taken away, then put back one by one, first those whose
// budgets forbid it, in each group the more important first. Without victims `code` and `reasons` say why it does not help.
struct RoomSearch {
  Room room;
  Code code = Code::success;
  std::vector<std::string> reasons;
};
RoomSearch find_room(const PodInfo& pod, const NodeInfo& node, DryRun& dry_run, const Budgets& budgets);

// The place of the best among `rooms`, which is not empty: fewest budgets violated, then the least important most important victim, the
// smallest sum of priorities, the fewest victims, the latest start among the most important ones, the first.
std::size_t best_room(const std::vector<Room>& rooms);

}  // namespace plumb::scheduler
