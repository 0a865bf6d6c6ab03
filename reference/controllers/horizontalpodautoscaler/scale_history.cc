#include "reference/controllers/horizontalpodautoscaler/scale_history.h"

#include <algorithm>

namespace plumb::controllers::hpa {
namespace {

// The first made at `since` or later: the entries stand in the order of their time.
template <class Entries>
auto first_since(const Entries& entries, Instant since) {
  return std::lower_bound(entries.begin(), entries.end(), since, [](const auto& entry, Instant time) { return entry.at < time; });
}
template <class Entries>
void drop_before(Entries& entries, Instant time) {
  entries.erase(entries.begin(), first_since(entries, time));
}

}  // namespace

void Recommendations::record(std::int32_t replicas, Instant at) {
  while (!lowest_.empty() && lowest_.back().replicas >= replicas) lowest_.pop_back();
  while (!highest_.empty() && highest_.back().replicas <= replicas) highest_.pop_back();
  lowest_.push_back({replicas, at});
  highest_.push_back({replicas, at});
}

std::int32_t Recommendations::lowest(Instant since, std::int32_t otherwise) const {
  const auto first = first_since(lowest_, since);
  return first == lowest_.end() ? otherwise : std::min(otherwise, first->replicas);
}
std::int32_t Recommendations::highest(Instant since, std::int32_t otherwise) const {
  const auto first = first_since(highest_, since);
  return first == highest_.end() ? otherwise : std::max(otherwise, first->replicas);
}

void Recommendations::forget_before(Instant time) {
  drop_before(lowest_, time);
  drop_before(highest_, time);
}

void ScaleEvents::record(std::int32_t change, Instant at, Duration keep) {
  drop_before(events_, at - keep);
  events_.push_back({change, at});
}

std::int32_t ScaleEvents::sum(Instant since) const {
  std::int32_t sum = 0;
  for (const Event& event : events_)
    if (event.at > since) sum += event.change;
  return sum;
}

}  // namespace plumb::controllers::hpa
