// The metrics of upstream's job controller.
#pragma once

#include "harness/base/clock.h"
#include "reference/controllers/job/failure_policy.h"
#include "reference/controllers/job/pass.h"

namespace plumb::controllers::job {

// One pass over a job: what it did with pods, whether it went well, and how long it took.
enum class Did { reconciling, tracking, created, deleted };
void note_sync(const batchv1::Job& job, Did did, bool well, Duration took);
// A status that was written in place of another: pods and indexes that it counts, and the job's end.
void note_status(const batchv1::Job& job, const batchv1::JobStatus& before, const batchv1::JobStatus& after);
// A failed pod was counted or ignored, or ends its job, by spec.podFailurePolicy.
void note_policy(FailureMatch::Is match);
void note_creations(const Pass& pass, int succeeded, int failed);
// A finished pod got the finalizer of tracking, or lost it. nullptr: there is no pod.
void note_tracked(const corev1::Pod* before, const corev1::Pod* after);

}  // namespace plumb::controllers::job
