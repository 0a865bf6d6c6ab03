// Which pods of a job to make and which to delete.
#pragma once

#include "reference/controllers/job/pass.h"

namespace plumb::controllers::job {

inline constexpr std::size_t burst_pods = 500;  // made or deleted by one pass

struct Work {
  std::vector<Stage> stages;  // the last one makes or deletes pods
  Pods deleted;               // what the last stage deletes; empty when it makes pods
  std::optional<Duration> again_after;
};

// Brings the number of running pods to what is wanted. Deleting comes first; a pass does not do both.
Work manage(const Pass& pass);
// All running pods, counted still: for a job that is to end.
Work delete_active(const Pass& pass);

}  // namespace plumb::controllers::job
