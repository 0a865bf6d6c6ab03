// Pods whose try has ended without a node: back into the queue, with an event and a condition that say why.
//
// Of the scheduling thread alone.
#pragma once

#include <optional>
#include <string>

#include "harness/base/clock.h"
#include "reference/scheduler/lanes.h"
#include "reference/scheduler/queue.h"
#include "reference/scheduler/scheduler_metrics.h"

namespace plumb::scheduler {

// How a try ended without a node.
struct Failure {
  Code code = Code::unschedulable;  // or unschedulable_and_unresolvable, error
  std::string message;
  Refusers refusers;  // of an error: nobody
  std::optional<std::string> nominate = std::nullopt;  // see PostFilterResult
};

class Failures {
 public:
  Failures(informer::Client& client, Clock& clock, const Nominations& nominations, SchedulingQueue& queue, SchedulerMetrics& metrics)
      : client_(client), clock_(clock), nominations_(nominations), queue_(queue), metrics_(metrics) {}

  // `began`: when the try did.
  void add(QueuedPod queued, Lane& lane, const Failure& failure, Instant began);

 private:
  informer::Client& client_;
  Clock& clock_;
  const Nominations& nominations_;
  SchedulingQueue& queue_;
  SchedulerMetrics& metrics_;
};

}  // namespace plumb::scheduler
