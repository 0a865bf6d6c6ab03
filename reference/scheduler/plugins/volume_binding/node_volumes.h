// Which volumes a pod's claims would get on a node.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "reference/scheduler/node_table.h"
#include "reference/scheduler/storage.h"

namespace plumb::scheduler::volume_binding {

// The claims of a pod that it cannot run without, by what they lack.
struct PodClaims {
  std::vector<ClaimPtr> bound;
  std::vector<ClaimPtr> undecided;  // to be bound where the pod goes
};

// The caches, with what has been decided and not been seen by them yet.
struct Assumed {
  const StorageCaches* caches;
  std::function<VolumePtr(std::string_view name)> volume;
  std::function<std::vector<VolumePtr>(std::string_view storage_class)> volumes_of_class;
};

struct NodeVolumes {
  struct Pair {
    ClaimPtr claim;
    VolumePtr volume;
  };
  std::vector<Pair> bindings;        // volumes that are there
  std::vector<ClaimPtr> provisions;  // to be made for the node
  // Why the node is none for these claims; upstream's words, in its order.
  std::vector<std::string_view> refusals;
};

NodeVolumes find_volumes(const PodClaims& claims, const corev1::Node& node, const Assumed& assumed);

inline constexpr std::string_view node_conflict = "node(s) didn't match PersistentVolume's node affinity";
inline constexpr std::string_view bind_conflict = "node(s) didn't find available persistent volumes to bind";
inline constexpr std::string_view not_enough_space = "node(s) did not have enough free storage";
inline constexpr std::string_view volume_missing = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";

}  // namespace plumb::scheduler::volume_binding
