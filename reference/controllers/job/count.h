// How finished pods get into a job's counters, each exactly once whatever fails in between:
//   1. count(): the pods' UIDs are written into status.uncountedTerminatedPods, completed indexes into completedIndexes;
//   2. the finalizer is taken off these pods; only now can they vanish;
//   3. settle(): UIDs of pods without the finalizer leave the list and raise the counter, in one write.
// Whoever starts from a status and pods left by somebody else sees by UID and finalizer which of the steps are done.
#pragma once

#include "reference/controllers/job/pass.h"

namespace plumb::controllers::job {

// The lists of UIDs stay below this, so that statuses stay small; the rest follows in later passes.
inline constexpr std::size_t most_uncounted = 500;

struct Counted {
  Pods to_untrack;
  Uids tracked;                // all pods that have the finalizer still
  bool is_everything = true;
};

// Step 1, for pods that ended or whose job ends. A job that is to end gets the condition that announces it, and pass.finished becomes
// the one that it ends with.
Counted count(Pass& pass);
// Step 3.
void settle(batchv1::JobStatus& status, const Uids& tracked);
// Ends the job where nothing has to be waited for any more: pods that still go, or are not counted.
void finish(Pass& pass);

}  // namespace plumb::controllers::job
