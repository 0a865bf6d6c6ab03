// How many nodes were refused for which reason, as people are shown it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plumb::scheduler {

class ReasonCounts {
 public:
  void add(std::string_view reason, std::size_t nodes);
  void clear() { counts_.clear(); }
  // "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s)."
  std::string message(std::size_t all_nodes) const;

 private:
  std::vector<std::pair<std::string, std::size_t>> counts_;
};

}  // namespace plumb::scheduler
