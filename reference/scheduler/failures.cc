#include "reference/scheduler/failures.h"

#include "reference/scheduler/pod_status.h"

namespace plumb::scheduler {

void Failures::add(QueuedPod queued, Lane& lane, const Failure& failure, Instant began) {
  const std::shared_ptr<const corev1::Pod> pod = queued.pod->pod;
  const Instant now = clock_.now();
  const bool error = failure.code == Code::error;
  queued.nominated_node = nominations_.node_of(queued.pod->uid());
  metrics_.tried(error ? TryResult::error : TryResult::unschedulable, lane.name(), now - began);
  error ? queue_.failed(std::move(queued), now) : queue_.refused(std::move(queued), failure.refusers, now);
  lane.recorder->record(*pod, informer::event_warning, "FailedScheduling", failure.message);
  show_unscheduled(client_, *pod, error ? "SchedulerError" : "Unschedulable", failure.message, failure.nominate, clock_.wall());
}

}  // namespace plumb::scheduler
