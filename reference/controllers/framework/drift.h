// Drift: whatever happens to a cluster on its way, when it is left alone it ends as it was declared. A run does random things from a seed to
// a cluster in memory under a virtual clock, with the real controllers at work, and checks invariants after each; then all becomes quiet,
// and what is left must be what was asked for. The same seed does the same.
//
// What happens: writes of people (also between two calls of a controller), changing owners, a namespace that goes, nodes that come and go,
// pods that end and fail, evictions, load for autoscalers, failing calls, restarts, another manager that takes over, caches that lag or lose
// their watches. Odd seeds do anything; of the even ones, every other only rolls workloads out, or only evicts their pods, all else but
// nodes and people being as bad: their bounds hold most of the way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plumb::controllers {

struct Drift {
  std::vector<std::string> journal;   // what was done, in order; with the controllers' calls where they are traced
  std::vector<std::string> problems;  // what must not be; empty: none
  std::size_t calls = 0;              // of controllers
};

Drift run_drift(std::uint64_t seed, int steps, bool traced = false);

}  // namespace plumb::controllers
