// The decision behind replica sets and replication controllers: which pods to make or delete, and what the status says.
// Facts from upstream's pkg/controller/replicaset.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/controllers/framework/plan.h"

namespace plumb::controllers::replicaset {

using PodPtr = std::shared_ptr<const corev1::Pod>;

inline constexpr std::size_t burst_replicas = 500;  // pods made or deleted by one plan

// What both kinds have in common.
struct Desired {
  ObjectPtr owner;
  std::int32_t replicas = 1;
  std::int32_t min_ready_seconds = 0;
  const corev1::PodTemplateSpec* pod_template = nullptr;
};

struct Observed {
  std::vector<PodPtr> pods;         // claimed: active ones
  std::vector<PodPtr> terminating;  // claimed: being deleted, not finished
  // Active pods of all siblings under the same owner, of these pods too; for the order of deletion.
  std::vector<PodPtr> related;
  bool expectations_satisfied = true;
};

// Creations (slowly started) or deletions that bring the number of pods to what is wanted; no actions where that is so, where the owner is
// being deleted, or where the cache has not caught up with earlier ones.
std::optional<Stage> manage(const Desired& desired, const Observed& observed, const Now& now);

// The pods to delete first: unassigned before assigned, pending before unknown before running, not ready before ready, lower
// deletion cost before higher, pods on nodes with more related pods before others, ready for a shorter time before longer (by
// magnitude), more restarts before fewer, younger before older (by magnitude).
// Unlike upstream's, of the ready ones those that are not available yet go before those that are: who takes a pod from a set counts on it that
// the others stay available.
std::vector<PodPtr> choose_victims(const Observed& observed, std::size_t count, std::int32_t min_ready_seconds, const Now& now);

struct Counts {
  std::int32_t replicas = 0, fully_labeled = 0, ready = 0, available = 0, terminating = 0;
};
Counts count(const Desired& desired, const Observed& observed, const Now& now);
// When the next ready pod becomes available.
std::optional<Duration> next_available(const Desired& desired, const Observed& observed, const Now& now);

// The condition ReplicaFailure after an attempt: added with reason FailedCreate or FailedDelete, kept, or removed. True when changed.
template <class Condition>
bool set_failure(api::List<Condition>& conditions, const std::optional<Error>& failure, std::int32_t difference, const Now& now) {
  const auto is_failure = [](const Condition& condition) { return condition.type == "ReplicaFailure"; };
  const bool had = std::any_of(conditions.begin(), conditions.end(), is_failure);
  if (!failure) return conditions.erase_if(is_failure) > 0;
  if (had || difference == 0) return false;
  Condition& added = conditions.emplace_back();
  added.type = "ReplicaFailure";
  added.status = "True";
  added.reason = difference < 0 ? "FailedCreate" : "FailedDelete";
  added.message = failure->message;
  added.lastTransitionTime = api::Time::from(now.wall);
  return true;
}

}  // namespace plumb::controllers::replicaset
