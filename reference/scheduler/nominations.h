// Pods that wait for room on a node that has been chosen for them: others of lower priority must not take it. By
// status.nominatedNodeName, and by decisions that have not reached the pod yet.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "reference/scheduler/pod_info.h"

namespace plumb::scheduler {

class Nominations {
 public:
  void set(const PodInfoPtr& pod, std::string_view node);
  void withdraw(std::string_view uid);
  // The pod as the informer shows it now. Its own word counts, but for a decision that it does not show yet.
  void update(const PodInfoPtr& pod);

  bool empty() const { return pods_.empty(); }
  // "" when the pod is nominated nowhere.
  std::string_view node_of(std::string_view uid) const;
  const std::vector<PodInfoPtr>& on(std::string_view node) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <class V>
  using Table = std::unordered_map<std::string, V, Hash, std::equal_to<>>;
  struct Nominated {
    PodInfoPtr pod;
    std::string node;
  };
  Table<Nominated> pods_;                // by UID
  Table<std::vector<PodInfoPtr>> nodes_;  // by name, in order of arrival
};

}  // namespace plumb::scheduler
