// The decision: which node for a pod? Pure computation on the node table; see framework.h for the order of questions.
//
// Not every node is asked. The search starts where the last one ended and stops when enough nodes have been found (nodes_to_find), so
// that the cost of a pod grows much slower than the cluster and all nodes get their turn. The best score wins; among equals a random
// one, from the seed.
//
// Where extenders have a say, a decision takes two steps: search() says which nodes could take the pod, and run() decides with what the
// extenders have said of them, on the table as it has become meanwhile.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/random.h"
#include "reference/scheduler/advice.h"
#include "reference/scheduler/filters.h"
#include "reference/scheduler/reason_counts.h"

namespace plumb::scheduler {

// Upstream's rule: all below 100 nodes; otherwise the percentage, but at least 100. A percentage of 0 means 50 less one for each 125
// nodes, at least 5.
std::size_t nodes_to_find(std::size_t nodes, int percentage);

struct Decision {
  const NodeInfo* node = nullptr;  // valid until the table changes
  // Without a node: unschedulable, unschedulable_and_unresolvable or error, upstream's message, and who refused.
  Code code = Code::success;
  std::string message;
  Refusers refusers;
  // What PostFilter wants when it was asked: see PostFilterResult.
  bool post_filtered = false;
  std::optional<std::string> nominate;
  std::vector<PodInfoPtr> victims;
  // Where extenders have a say in it: how room could be made, and who chooses.
  std::vector<Room> rooms;
  const PostFilterPlugin* chooser = nullptr;
  // Of a search: the nodes that could take the pod, those that could not, and the state of the table.
  std::vector<std::shared_ptr<const corev1::Node>> found;
  StringSet filtered;
  std::uint64_t asked_at = 0;
  // Things have changed since the extenders were asked: without a node now, the pod may find one at once.
  bool outdated = false;
  std::size_t evaluated = 0, feasible = 0;
  // What the extension points took.
  Duration pre_filter{0}, filter{0}, score{0};
};

class Cycle {
 public:
  // Attaches the profile's plugins: to the table, and to the caches that `informer` gives.
  Cycle(Profile& profile, const NodeTable& table, const Clock& clock, std::uint64_t seed,
        std::function<informer::Informer&(const resources::Resource&)> informer = nullptr);
  // What extenders have said, and whether they want to be asked about victims, too.
  Decision run(const PodInfo& pod, const Advice* advice = nullptr, bool say_in_victims = false);
  // A decision only where no node can take the pod.
  Decision search(const PodInfo& pod, bool say_in_victims);
  // Ends a decision that has left rooms.
  void choose(Decision& decision) const;

 private:
  struct Candidates {
    std::vector<const NodeInfo*> named;  // when PreFilter narrowed the nodes down
    bool narrowed = false;
    std::vector<std::string_view> narrowed_by;
  };
  bool find_nodes(const PodInfo& pod, Decision& decision);
  bool pre_filter(const PodInfo& pod, Candidates& candidates, Decision& decision);
  void narrow(Candidates& candidates, const std::vector<std::string>& names) const;
  void find(const PodInfo& pod, const Candidates& candidates, Decision& decision);
  void find_all(const Candidates& candidates, Decision& decision);
  void find_advised(const PodInfo& pod, const Candidates& candidates, Decision& decision);
  const NodeInfo* nominated(const PodInfo& pod);
  bool fits(const NodeInfo& node, Decision& decision);
  bool is_advised(const NodeInfo& node, Decision& decision);
  void refuse(const Candidates& candidates, Decision& decision);
  void make_room(const PodInfo& pod, Decision& decision);
  const NodeInfo* best(const PodInfo& pod);

  const Profile& profile_;
  const NodeTable& table_;
  const Handle handle_;
  const Clock& clock_;
  Random random_;
  std::size_t start_ = 0;

  // Of the pod at hand.
  const Advice* advice_ = nullptr;
  bool searching_ = false, say_in_victims_ = false;
  // … and kept to reuse their memory.
  Filters filters_;
  std::vector<const NodeInfo*> feasible_;
  std::vector<Refusal> refusals_;
  Reasons reasons_;
  ReasonCounts reason_counts_;
  std::vector<std::int64_t> scores_, totals_;
};

}  // namespace plumb::scheduler
