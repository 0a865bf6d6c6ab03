#include <algorithm>

#include "reference/informer/informer.h"
#include "reference/scheduler/doc_reader.h"
#include "reference/scheduler/plugins/default_preemption/victims.h"
#include "reference/scheduler/reason_counts.h"

namespace plumb::scheduler {
namespace {

// Is leaving because the scheduler has asked it to.
bool preempted_already(const corev1::Pod& pod) {
  if (!pod.metadata.deletionTimestamp) return false;
  for (const corev1::PodCondition& condition : pod.status.conditions)
    if (condition.type == corev1::DisruptionTarget) return condition.status == corev1::ConditionTrue && condition.reason == "PreemptionByScheduler";
  return false;
}

// Could a node take the pod if pods of lower priority left it?
class DefaultPreemption final : public Plugin, public PostFilterPlugin {
 public:
  Traits traits() const override { return {.name = "DefaultPreemption", .order = 160}; }
  Status configure(const DocReader& args) override {
    PLUMB_TRY(args.members({"minCandidateNodesPercentage", "minCandidateNodesAbsolute"}));
    min_candidate_nodes_percentage_ = static_cast<std::size_t>(PLUMB_TRY(args.integer("minCandidateNodesPercentage", 10, 0, 100)));
    min_candidate_nodes_absolute_ = static_cast<std::size_t>(PLUMB_TRY(args.integer("minCandidateNodesAbsolute", 100, 0, 1'000'000'000)));
    if (min_candidate_nodes_percentage_ + min_candidate_nodes_absolute_ == 0)
      return args.error("minCandidateNodesAbsolute", "cannot be zero at the same time as minCandidateNodesPercentage");
    return {};
  }
  void attach(const Handle& handle) override {
    table_ = &handle.table;
    if (handle.informer) budgets_.emplace(handle.informer(informer::resource_of<policyv1::PodDisruptionBudget>()).lister<policyv1::PodDisruptionBudget>());
  }

  PostFilterResult post_filter(const PostFilterRequest& request) const override {
    if (const char* why = not_eligible(request)) return refuse(why);
    ReasonCounts reasons;
    std::vector<Room> rooms;
    const std::vector<const NodeInfo*> nodes = worth_a_try(request);
    if (Verdict failed = try_nodes(request, nodes, rooms, reasons); !failed.ok()) return {std::move(failed), {}, {}};
    if (rooms.empty()) {
      if (nodes.size() < table_->nodes().size()) reasons.add("Preemption is not helpful for scheduling", table_->nodes().size() - nodes.size());
      PostFilterResult result = refuse(reasons.message(table_->nodes().size()));
      result.nominate = "";
      return result;
    }
    if (!request.others_have_a_say) return choose(std::move(rooms));
    for (Room& room : rooms) room.on_node = table_->find(room.node)->pods;
    return {.rooms = std::move(rooms)};
  }

  PostFilterResult choose(std::vector<Room> rooms) const override {
    if (rooms.empty()) return refuse("no candidate node for preemption");
    Room& best = rooms[best_room(rooms)];
    return {{}, best.node, std::move(best.victims)};
  }

 private:
  static PostFilterResult refuse(const std::string& why) { return {{Code::unschedulable, "preemption: " + why}, {}, {}}; }

  const char* not_eligible(const PostFilterRequest& request) const {
    const auto& policy = request.pod.pod->spec.preemptionPolicy;
    if (policy && *policy == corev1::PreemptNever) return "not eligible due to preemptionPolicy=Never.";
    const NodeInfo* nominated = table_->find(request.nominated_node);
    if (!nominated) return nullptr;
    const auto refusal = std::find_if(request.refusals.begin(), request.refusals.end(), [&](const Refusal& one) { return one.node == nominated; });
    if (refusal == request.refusals.end() || refusal->code == Code::unschedulable_and_unresolvable) return nullptr;
    const bool waits = std::any_of(nominated->pods.begin(), nominated->pods.end(), [&](const PodInfoPtr& other) {
      return other->priority < request.pod.priority && preempted_already(*other->pod);
    });
    return waits ? "not eligible due to a terminating pod on the nominated node." : nullptr;
  }

  static std::vector<const NodeInfo*> worth_a_try(const PostFilterRequest& request) {
    std::vector<const NodeInfo*> nodes;
    for (const Refusal& refusal : request.refusals)
      if (refusal.code == Code::unschedulable) nodes.push_back(refusal.node);
    return nodes;
  }

  // From a random one on, until there are enough to choose from, one at least that violates no budget.
  Verdict try_nodes(const PostFilterRequest& request, const std::vector<const NodeInfo*>& nodes, std::vector<Room>& rooms, ReasonCounts& reasons) const {
    const std::size_t wanted = std::min(nodes.size(), std::max(nodes.size() * min_candidate_nodes_percentage_ / 100, min_candidate_nodes_absolute_));
    const Budgets budgets = nodes.empty() || !budgets_ ? Budgets() : budgets_->list();
    std::size_t at = nodes.empty() ? 0 : request.random.below(nodes.size());
    bool innocent = false;
    for (std::size_t tried = 0; tried < nodes.size() && !(innocent && rooms.size() >= wanted); ++tried, at = at + 1 == nodes.size() ? 0 : at + 1) {
      const NodeInfo& node = *nodes[at];
      if (node.least_priority >= request.pod.priority) {
        reasons.add("No preemption victims found for incoming pod", 1);
        continue;
      }
      const auto dry_run = request.try_on(node);
      RoomSearch search = find_room(request.pod, node, *dry_run, budgets);
      for (const std::string& reason : search.reasons) reasons.add(reason, 1);
      if (search.code == Code::error) return {Code::error, "preemption: " + search.reasons.front()};
      if (search.room.victims.empty()) continue;
      innocent = innocent || search.room.budgets_violated == 0;
      rooms.push_back(std::move(search.room));
    }
    return {};
  }

  const NodeTable* table_ = nullptr;
  std::optional<informer::Lister<policyv1::PodDisruptionBudget>> budgets_;
  std::size_t min_candidate_nodes_percentage_ = 10, min_candidate_nodes_absolute_ = 100;
};

const Registered<Plugin> registered_default_preemption{"DefaultPreemption", [] { return std::make_unique<DefaultPreemption>(); }};

}  // namespace
}  // namespace plumb::scheduler
