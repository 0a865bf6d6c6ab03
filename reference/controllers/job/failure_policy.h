// spec.podFailurePolicy: what the failure of a pod means, by its containers' exit codes and its conditions.
#pragma once

#include <string>

#include "reference/controllers/job/job_pods.h"

namespace plumb::controllers::job {

struct FailureMatch {
  enum class Is { count, ignore, fail_index, fail_job } is = Is::count;
  std::string message;  // for fail_job: why
  bool matched = false;  // a rule did
  bool counts() const { return is != Is::ignore; }
};

// The first rule that matches decides; without one the failure counts.
FailureMatch match_failure_policy(const batchv1::Job& job, const corev1::Pod& pod);

}  // namespace plumb::controllers::job
