#include "reference/scheduler/plugins/node_resources_fit/strategy.h"

#include <algorithm>
#include <cmath>

namespace plumb::scheduler {

namespace {

constexpr std::int64_t most_custom_score = 10;  // of a shape

// Without overflow: amounts go up to the largest 64-bit integer.
std::int64_t share(std::int64_t part, std::int64_t whole) { return static_cast<std::int64_t>(static_cast<__int128>(part) * max_score / whole); }
std::int64_t free_share(std::int64_t taken, std::int64_t allocatable) { return taken > allocatable ? 0 : share(allocatable - taken, allocatable); }

}  // namespace

Status ScoringStrategy::configure(const DocReader& args) {
  const DocReader strategy = args.object("scoringStrategy");
  PLUMB_TRY(strategy.members({"type", "resources", "requestedToCapacityRatio"}));
  const std::string type = PLUMB_TRY(strategy.choice("type", "LeastAllocated", {"LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"}));
  kind_ = type == "LeastAllocated" ? Kind::least_allocated : type == "MostAllocated" ? Kind::most_allocated : Kind::requested_to_capacity_ratio;
  const auto resources = PLUMB_TRY(strategy.list("resources"));
  for (const DocReader& one : resources) {
    PLUMB_TRY(one.members({"name", "weight"}));
    Scored scored{PLUMB_TRY(one.text("name", "")), Source::scalar, 0};
    scored.weight = PLUMB_TRY(one.integer("weight", 1, 0, 100));
    if (scored.weight == 0) scored.weight = 1;
    scored.source = scored.name == "cpu"                 ? Source::cpu
                    : scored.name == "memory"            ? Source::memory
                    : scored.name == "ephemeral-storage" ? Source::ephemeral_storage
                                                         : Source::scalar;
    resources_.push_back(std::move(scored));
  }
  if (resources_.empty()) resources_ = {{"cpu", Source::cpu, 1}, {"memory", Source::memory, 1}};
  is_default_ = kind_ == Kind::least_allocated && resources.empty();
  if (kind_ == Kind::requested_to_capacity_ratio) return read_shape(strategy.object("requestedToCapacityRatio"));
  if (strategy.has("requestedToCapacityRatio")) return strategy.error("requestedToCapacityRatio", "has a meaning for the type RequestedToCapacityRatio alone");
  return {};
}

Status ScoringStrategy::read_shape(const DocReader& ratio) {
  PLUMB_TRY(ratio.members({"shape"}));
  const auto points = PLUMB_TRY(ratio.list("shape"));
  if (points.empty()) return ratio.error("shape", "needs at least one point");
  for (const DocReader& one : points) {
    PLUMB_TRY(one.members({"utilization", "score"}));
    Point point{};
    point.utilization = PLUMB_TRY(one.integer("utilization", 0, 0, 100));
    point.score = PLUMB_TRY(one.integer("score", 0, 0, most_custom_score)) * (max_score / most_custom_score);
    if (!shape_.empty() && shape_.back().utilization >= point.utilization) return one.error("utilization", "must be above that of the point before");
    shape_.push_back(point);
  }
  return {};
}

std::int64_t ScoringStrategy::default_score(const PodInfo& pod, const NodeInfo& node) {
  std::int64_t sum = 0, kinds = 0;
  if (node.allocatable.cpu > 0) sum += free_share(node.scored_cpu + pod.scored_cpu, node.allocatable.cpu), ++kinds;
  if (node.allocatable.memory > 0) sum += free_share(node.scored_memory + pod.scored_memory, node.allocatable.memory), ++kinds;
  return kinds ? sum / kinds : 0;
}

// What a pod does not ask for, and cannot do without, is no reason to go to one node or another.
ScoringStrategy::Use ScoringStrategy::use_of(const Scored& resource, const PodInfo& pod, const NodeInfo& node) {
  switch (resource.source) {
    case Source::cpu: return {node.scored_cpu + pod.scored_cpu, node.allocatable.cpu};
    case Source::memory: return {node.scored_memory + pod.scored_memory, node.allocatable.memory};
    case Source::ephemeral_storage: return {node.requested.ephemeral_storage + pod.requests.ephemeral_storage, node.allocatable.ephemeral_storage};
    case Source::scalar: break;
  }
  const std::int64_t wanted = pod.requests.scalar(resource.name);
  if (wanted == 0) return {0, 0};
  return {node.requested.scalar(resource.name) + wanted, node.allocatable.scalar(resource.name)};
}

std::int64_t ScoringStrategy::weighted(const PodInfo& pod, const NodeInfo& node) const {
  const bool by_ratio = kind_ == Kind::requested_to_capacity_ratio;
  std::int64_t sum = 0, weights = 0;
  for (const Scored& resource : resources_) {
    const Use use = use_of(resource, pod, node);
    if (use.allocatable <= 0) continue;
    const std::int64_t score = score_of(use);
    if (by_ratio && score <= 0) continue;
    sum += score * resource.weight;
    weights += resource.weight;
  }
  if (weights == 0) return 0;
  return by_ratio ? std::llround(static_cast<double>(sum) / static_cast<double>(weights)) : sum / weights;
}

std::int64_t ScoringStrategy::score_of(const Use& use) const {
  switch (kind_) {
    case Kind::least_allocated: return free_share(use.taken, use.allocatable);
    case Kind::most_allocated: return share(std::min(use.taken, use.allocatable), use.allocatable);
    case Kind::requested_to_capacity_ratio: return on_shape(share(std::min(use.taken, use.allocatable), use.allocatable));
  }
  return 0;
}

// Straight between two points, level before the first and after the last.
std::int64_t ScoringStrategy::on_shape(std::int64_t utilization) const {
  const auto next = std::find_if(shape_.begin(), shape_.end(), [&](const Point& point) { return utilization <= point.utilization; });
  if (next == shape_.begin()) return shape_.front().score;
  if (next == shape_.end()) return shape_.back().score;
  const Point& last = *std::prev(next);
  return last.score + (next->score - last.score) * (utilization - last.utilization) / (next->utilization - last.utilization);
}

}  // namespace plumb::scheduler
