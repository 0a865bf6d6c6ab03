// How the room that a node would have left becomes a score: upstream's scoring strategies of NodeResourcesFit.
// https://kubernetes.io/docs/concepts/scheduling-eviction/resource-bin-packing/
#pragma once

#include <vector>

#include "reference/scheduler/doc_reader.h"
#include "reference/scheduler/node_table.h"

namespace plumb::scheduler {

class ScoringStrategy {
 public:
  // The member scoringStrategy of the plugin's arguments.
  Status configure(const DocReader& args);
  std::int64_t score(const PodInfo& pod, const NodeInfo& node) const { return is_default_ ? default_score(pod, node) : weighted(pod, node); }

 private:
  enum class Kind : std::uint8_t { least_allocated, most_allocated, requested_to_capacity_ratio };
  enum class Source : std::uint8_t { cpu, memory, ephemeral_storage, scalar };
  struct Scored {
    std::string name;
    Source source;
    std::int64_t weight;
  };
  struct Point {
    std::int64_t utilization, score;
  };
  struct Use {
    std::int64_t taken, allocatable;
  };

  Status read_shape(const DocReader& ratio);
  static std::int64_t default_score(const PodInfo& pod, const NodeInfo& node);
  std::int64_t weighted(const PodInfo& pod, const NodeInfo& node) const;
  static Use use_of(const Scored& resource, const PodInfo& pod, const NodeInfo& node);
  std::int64_t score_of(const Use& use) const;
  std::int64_t on_shape(std::int64_t utilization) const;

  bool is_default_ = true;
  Kind kind_ = Kind::least_allocated;
  std::vector<Scored> resources_;
  std::vector<Point> shape_;  // by utilization
};

}  // namespace plumb::scheduler
