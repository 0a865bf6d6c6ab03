// The decision: which node for a pod? Pure computation on the node table; see framework.h for the order of questions.
//
// Not every node is asked. The search starts where the last one ended and stops when enough nodes have been found (nodes_to_find), so
// that the cost of a pod grows much slower than the cluster and all nodes get their turn. The best score wins; among equals a random
// one, from the seed.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/random.h"
#include "reference/scheduler/node_table.h"
#include "reference/scheduler/profile.h"

namespace plumb::scheduler {

// Upstream's rule: all below 100 nodes; otherwise the percentage, but at least 100. A percentage of 0 means 50 less one for each 125
// nodes, at least 5.
std::size_t nodes_to_find(std::size_t nodes, int percentage);

struct Decision {
  const NodeInfo* node = nullptr;  // valid until the table changes
  // Without a node: unschedulable, unschedulable_and_unresolvable or error, upstream's message, and what could change it.
  Code code = Code::success;
  std::string message;
  Events helps = 0;
  std::size_t evaluated = 0, feasible = 0;
  // What the extension points took.
  Duration pre_filter{0}, filter{0}, score{0};
};

class Cycle {
 public:
  Cycle(const Profile& profile, const NodeTable& table, const Clock& clock, std::uint64_t seed);
  Decision run(const PodInfo& pod);

 private:
  using States = std::vector<std::unique_ptr<PluginState>>;
  struct Candidates {
    std::vector<const NodeInfo*> named;  // when PreFilter narrowed the nodes down
    bool narrowed = false;
    std::vector<std::string_view> narrowed_by;
  };
  bool pre_filter(const PodInfo& pod, Candidates& candidates, Decision& decision);
  void narrow(Candidates& candidates, const std::vector<std::string>& names) const;
  void find(const PodInfo& pod, const Candidates& candidates, Decision& decision);
  bool fits(const PodInfo& pod, const NodeInfo& node, Decision& decision);
  void refuse(const PodInfo& pod, const Candidates& candidates, Decision& decision);
  const NodeInfo* best(const PodInfo& pod);
  void count(std::string_view reason, std::size_t times);

  const Profile& profile_;
  const NodeTable& table_;
  const Clock& clock_;
  Random random_;
  std::size_t start_ = 0;

  // Of the pod at hand; kept to reuse their memory.
  States states_;
  std::vector<const Profile::Asked<FilterPlugin>*> filters_;
  std::vector<const NodeInfo*> feasible_;
  std::vector<Refusal> refusals_;
  Reasons reasons_;
  std::vector<std::pair<std::string_view, std::size_t>> histogram_;
  std::vector<std::int64_t> scores_, totals_;
};

}  // namespace plumb::scheduler
