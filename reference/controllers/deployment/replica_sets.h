// Counts over the replica sets of a deployment, and their order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/controllers/deployment/rollout.h"

namespace plumb::controllers::deployment {

using Sets = std::vector<appsv1::ReplicaSet*>;

template <class Count>
std::int32_t sum(const Sets& sets, Count count) {
  std::int32_t total = 0;
  for (const appsv1::ReplicaSet* set : sets) total += count(*set);
  return total;
}
inline std::int32_t wanted(const appsv1::ReplicaSet& set) { return replicas_of(set); }
inline std::int32_t actual(const appsv1::ReplicaSet& set) { return set.status.replicas; }
inline std::int32_t ready(const appsv1::ReplicaSet& set) { return set.status.readyReplicas; }
inline std::int32_t available(const appsv1::ReplicaSet& set) { return set.status.availableReplicas; }

// Those that should have pods.
inline Sets active(Sets sets) {
  std::erase_if(sets, [](const appsv1::ReplicaSet* set) { return replicas_of(*set) == 0; });
  return sets;
}
inline bool older(const appsv1::ReplicaSet* a, const appsv1::ReplicaSet* b) {
  const auto &left = a->metadata, &right = b->metadata;
  if (left.creationTimestamp < right.creationTimestamp) return true;
  if (right.creationTimestamp < left.creationTimestamp) return false;
  return left.name < right.name;
}

inline std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

}  // namespace plumb::controllers::deployment
