// How long a job waits before it replaces pods that failed: 10 s, doubled by each failure in a row, up to 10 minutes. A success ends the row.
#pragma once

#include "reference/controllers/job/job_pods.h"

namespace plumb::controllers::job {

struct Backoff {
  std::int32_t failures = 0;  // since the last success
  WallTime last_failure;

  // With pods that have finished since.
  Backoff after(const Pods& succeeded, const Pods& failed) const;
  Duration remaining(WallTime now) const;
};

// Of the index whose last pod this is.
Backoff backoff_of_index(const corev1::Pod& failed);

// When its containers ended; else when it ceased to be ready, was deleted, was made.
WallTime finish_time(const corev1::Pod& pod);

}  // namespace plumb::controllers::job
