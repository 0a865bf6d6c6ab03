// One pass over one job: adopt and release, make or delete pods, count what has ended, end the job.
#pragma once

#include "reference/controllers/job/pass.h"

namespace plumb::controllers::job {

// `memory` gets what the calls of the plan leave behind; nothing is read from it.
Plan decide(const JobPtr& job, Observed observed, const std::shared_ptr<Memory>& memory, const Now& now);

// Takes the finalizer off a pod that no job is going to count. `job`: the one that the pod names as its controller, where there is one in
// the cache under that name and UID; where the pod names one that is missing there, the API is asked.
Plan release_orphan(const PodPtr& pod, const JobPtr& job);

}  // namespace plumb::controllers::job
