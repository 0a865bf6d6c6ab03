#include "perf/load_spread.h"

#include <algorithm>
#include <cmath>

namespace plumb::perf {

void LoadSpread::pod(const std::string& name, const std::string& workload, const std::string& node, bool ready) {
  Pod& pod = pods_[name];
  pod.workload = workload;
  pod.node = node;
  pod.ready = ready;
  if (!ready) pod.told.reset();  // its containers may begin anew
}

void LoadSpread::gone(const std::string& name) { pods_.erase(name); }

void LoadSpread::lasts(const std::string& pod) {
  if (const auto found = pods_.find(pod); found != pods_.end()) found->second.at = Instant::max();
}

void LoadSpread::untold(const std::string& pod) {
  if (const auto found = pods_.find(pod); found != pods_.end()) found->second.told.reset();
}

std::vector<LoadSpread::Share> LoadSpread::due(Instant now, Instant renewed, std::size_t most) {
  const double passed = std::chrono::duration<double>(now - load_.began).count(), over = std::chrono::duration<double>(load_.over).count();
  const double cores = changing(now) ? load_.from + (load_.to - load_.from) * std::max(0.0, passed / over) : load_.to;
  const auto milli = static_cast<std::int64_t>(std::llround(cores * 1000));
  struct Part {
    std::int64_t pods = 0, given = 0;
  };
  std::map<std::string, Part> parts;
  for (const auto& [name, pod] : pods_) parts[pod.workload].pods += pod.ready;
  std::vector<Share> shares;
  for (auto& [name, pod] : pods_) {
    if (!pod.ready) continue;
    Part& part = parts[pod.workload];
    // What does not divide evenly goes to the first ones.
    const std::int64_t share = milli / part.pods + (part.given++ < milli % part.pods ? 1 : 0);
    if ((pod.told == share && pod.at >= renewed) || shares.size() >= most) continue;
    pod.told = share;
    pod.at = now;
    shares.push_back({name, pod.node, share});
  }
  return shares;
}

}  // namespace plumb::perf
