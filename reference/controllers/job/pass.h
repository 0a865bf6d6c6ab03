// One pass over one job: what was observed, and what follows from it step by step. Facts from upstream's pkg/controller/job.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "reference/controllers/job/intervals.h"
#include "reference/controllers/job/memory.h"

namespace plumb::controllers::job {

struct Observed {
  Pods candidates;  // controlled by the job, and orphans of its namespace
  bool expectations_satisfied = true;
  Uids in_flight;   // see Memory
  Backoff backoff;  // before this pass
};

struct Pass {
  JobPtr job;                          // as it was
  std::shared_ptr<batchv1::Job> next;  // with the status that it is to get
  Now now;
  bool expectations_satisfied = true;
  Uids in_flight;
  Pods pods, active;

  // Counts with what has not reached the status yet.
  std::int32_t succeeded = 0, failed = 0, ready = 0, terminating = 0, running = 0;  // running: the active ones that are left
  Intervals succeeded_before, succeeded_indexes;
  std::optional<Intervals> failed_indexes;       // with backoffLimitPerIndex
  std::map<std::int32_t, PodPtr> to_be_replaced;  // by index: the failed pod that stays until its successor has taken over its counts
  Backoff backoff;

  std::optional<batchv1::JobCondition> finished;  // the job is to end with this condition, or with the one that it leads to
  std::vector<Event> events;                      // for when the status has been written
  std::optional<Error> failure;                   // of what was done to pods

  bool is_in_flight(const corev1::Pod& pod) const { return in_flight.find(pod.metadata.uid.view()) != in_flight.end(); }
  // Still to be counted.
  bool counts(const corev1::Pod& pod) const { return is_tracked(pod) && !is_in_flight(pod); }
  // An index that the job has; pods of jobs without indexes all have one.
  bool has_valid_index(const corev1::Pod& pod) const;
};

// `pods`: those that the job controls.
std::shared_ptr<Pass> observe(const JobPtr& job, Pods pods, Observed observed, const Now& now);

batchv1::JobCondition new_condition(std::string_view type, std::string_view reason, std::string_view message, const Now& now,
                                    std::string_view status = corev1::ConditionTrue);
// Appends the condition or brings it up to date; what was never there is not added as False. True when something changed.
bool ensure_condition(batchv1::Job& job, const batchv1::JobCondition& condition);

// Whether and how the job is to end, by what happened to its pods, by its deadline and by its policies; not yet by its completions.
std::optional<batchv1::JobCondition> verdict(const Pass& pass);

}  // namespace plumb::controllers::job
