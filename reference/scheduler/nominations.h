// Pods that wait for room on a node that has been chosen for them: others of lower priority must not take it. By
// status.nominatedNodeName, and by decisions that have not reached the pod yet.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/string_map.h"
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
  struct Nominated {
    PodInfoPtr pod;
    std::string node;
  };
  StringMap<Nominated> pods_;                // by UID
  StringMap<std::vector<PodInfoPtr>> nodes_;  // by name, in order of arrival
};

}  // namespace plumb::scheduler
