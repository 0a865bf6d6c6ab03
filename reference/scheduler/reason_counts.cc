#include "reference/scheduler/reason_counts.h"

#include <algorithm>

namespace plumb::scheduler {

void ReasonCounts::add(std::string_view reason, std::size_t nodes) {
  const auto known = std::find_if(counts_.begin(), counts_.end(), [&](const auto& entry) { return entry.first == reason; });
  if (known != counts_.end()) known->second += nodes;
  else counts_.emplace_back(reason, nodes);
}

std::string ReasonCounts::message(std::size_t all_nodes) const {
  std::vector<std::string> lines;
  for (const auto& [reason, nodes] : counts_) lines.push_back(std::to_string(nodes) + " " + reason);
  std::sort(lines.begin(), lines.end());
  std::string message = "0/" + std::to_string(all_nodes) + " nodes are available:";
  for (std::size_t i = 0; i < lines.size(); ++i) message += (i ? ", " : " ") + lines[i];
  if (!lines.empty()) message += ".";
  return message;
}

}  // namespace plumb::scheduler
