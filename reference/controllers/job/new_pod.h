// A pod as a job makes it.
#pragma once

#include "reference/controllers/job/pass.h"

namespace plumb::controllers::job {

// From the job's template, tracked. One of an indexed job knows its index by annotation, label, environment and host name, and takes over
// the counts of failures from the pod that it replaces.
std::shared_ptr<corev1::Pod> new_pod(const Pass& pass, std::optional<std::int32_t> index);

}  // namespace plumb::controllers::job
