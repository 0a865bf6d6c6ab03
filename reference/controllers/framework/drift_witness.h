// What a controller must not do at any moment, looked at as it is about to write; and what must never go back.
//
// - The garbage collector deletes nothing that has an owner left which is not waiting for it.
// - A Job has no more active pods than its parallelism, one an index at most, and none once it has ended.
// - What a Job has counted stays counted, no pod counts twice, and how it ended does not change.
// - A CronJob that forbids or replaces concurrent jobs starts none beside one that runs.
// - Evictions alone never leave fewer healthy pods than a budget demands.
// Caches that lag, lost watches, failing calls and restarts excuse nothing. Like the bounds of drift_steady.h, those of Jobs and CronJobs
// that are there do not hold any more once two managers worked at a time or caches lagged for too long; those of Jobs not once
// pods of their app were relabelled or orphaned: one that is adopted comes unforeseen.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/types/batchv1.h"
#include "reference/controllers/framework/drift_cluster.h"

namespace plumb::controllers {

class DriftWitness {
 public:
  explicit DriftWitness(DriftCluster& cluster);
  // Labels of pods of that app were changed; empty: the controllers did not know what they do.
  void excuse(const std::string& app);
  // From now on the budgets must hold: nobody takes pods but by evictions.
  void trust_budgets();
  void distrust_budgets() { trusted_.clear(); }
  // What was seen since, and what went back. Appends to `problems`.
  void check(std::vector<std::string>& problems);

 private:
  struct Counts {
    std::int32_t succeeded = 0, failed = 0;
    std::string end;
  };
  void before_write(std::string_view controller, const Request& request);
  void before_collection(const Request& request);
  void before_pod(const corev1::Pod& pod);
  void before_job(const batchv1::Job& job);
  void look_at(const batchv1::Job& job);
  std::int32_t healthy(const std::string& budget) const;

  DriftCluster& cluster_;
  std::vector<std::string> problems_;
  std::set<std::string> excused_, excused_apps_;  // UIDs of Jobs and CronJobs; labels
  std::map<std::string, Counts> counted_;         // of Jobs, by UID
  std::set<std::string> trusted_;                 // budgets, by key
};

}  // namespace plumb::controllers
